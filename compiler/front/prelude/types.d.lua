---@meta
-- types.d.lua: what a language server (LuaLS) needs to know besides the annotations in the library's files. Not run.

---@class nn.Tensor a value of the graph; a state (parameter, buffer) is one too
---@field shape integer[]
---@field rank integer
---@field dtype "f32"|"f64"|"f16"|"bf16"|"i32"|"i64"|"u32"|"u8"|"bool"

---@class nn.Module a callable table with `forward`; its fields are its parts
---@field forward function

---@class nn.Source where batches come from (nn.data)
---@field classes? integer how many labels or tokens there are, where it knows
---@field rows? integer how many rows there are, where it knows

---@class nn.Func an entry point of the program
---@field metrics? table<string, nn.Tensor> of nn.evaluate

-- ---- functions that the library makes in loops ----

---@alias nn.BatchNormOptions { eps?: number, momentum?: number|false, affine?: boolean, track_running_stats?: boolean, dtype?: string }

--- Batch normalisation of [B, C] or [B, C, L] (Ioffe and Szegedy 2015): statistics of the batch in training, running ones in
--- evaluation. States: `weight` (1), `bias` (0), `running_mean` (0), `running_var` (1), all [C], `num_batches_tracked` i64 [].
---@param channels integer
---@param options? nn.BatchNormOptions eps 1e-5, momentum 0.1 (false: the mean of all batches), both true
---@return nn.Module
function nn.BatchNorm1d(channels, options) end

--- The same for [B, C, H, W].
---@param channels integer
---@param options? nn.BatchNormOptions
---@return nn.Module
function nn.BatchNorm2d(channels, options) end

--- The same for [B, C, D, H, W].
---@param channels integer
---@param options? nn.BatchNormOptions
---@return nn.Module
function nn.BatchNorm3d(channels, options) end

--- Instance normalisation of [B, C, L] (Ulyanov et al. 2016): statistics of each row and channel; running ones only when
--- asked for.
---@param channels integer
---@param options? { eps?: number, momentum?: number, affine?: boolean, track_running_stats?: boolean, dtype?: string } eps 1e-5, momentum 0.1, both false
---@return nn.Module
function nn.InstanceNorm1d(channels, options) end
nn.InstanceNorm2d = nn.InstanceNorm1d
nn.InstanceNorm3d = nn.InstanceNorm1d

--- Dropout of whole channels of [B, C, L] (Tompson et al. 2015).
---@param p? number 0.5
---@return nn.Module
function nn.Dropout1d(p) end
nn.Dropout2d = nn.Dropout1d -- [B, C, H, W]
nn.Dropout3d = nn.Dropout1d -- [B, C, D, H, W]

---@alias nn.Reduction "mean"|"sum"|"none"

--- (x - y)^2.
---@param x nn.Tensor [..]
---@param y nn.Tensor [..]
---@param options? { reduction?: nn.Reduction }
---@return nn.Tensor
function nn.mse_loss(x, y, options) end
nn.l1_loss = nn.mse_loss -- |x - y|
nn.log_cosh_loss = nn.mse_loss -- log(cosh(x - y))

--- d^2 / (2 beta) where |d| < beta, else |d| - beta / 2, d = x - y (Girshick 2015).
---@param x nn.Tensor [..]
---@param y nn.Tensor [..]
---@param options? { beta?: number, reduction?: nn.Reduction } 1
---@return nn.Tensor
function nn.smooth_l1_loss(x, y, options) end

--- d^2 / 2 where |d| <= delta, else delta (|d| - delta / 2), d = x - y (Huber 1964).
---@param x nn.Tensor [..]
---@param y nn.Tensor [..]
---@param options? { delta?: number, reduction?: nn.Reduction } 1
---@return nn.Tensor
function nn.huber_loss(x, y, options) end

--- q (y - x) where y >= x, else (1 - q) (x - y) (Koenker and Bassett 1978).
---@param x nn.Tensor [..]
---@param y nn.Tensor [..]
---@param options? { q?: number, reduction?: nn.Reduction } 0.5
---@return nn.Tensor
function nn.quantile_loss(x, y, options) end

-- ---- optimizers: { trees…, groups…, lr = …, options… }; a group is { trees…, an option = … } ----

---@alias nn.Rate number|nn.Tensor|fun(t: nn.Tensor): nn.Tensor a schedule takes the number of complete steps

---@class nn.Optimizer
---@field parameters nn.Tensor[]
---@field lr nn.Rate
---@field t nn.Tensor complete steps, i32
---@field step fun(self: nn.Optimizer, f: fun(): nn.Tensor, ...): nn.Tensor differentiates f's first result, updates, gives all that f gave
---@field update fun(self: nn.Optimizer, gradients: table) with gradients that one has already

---@param options { lr: nn.Rate, momentum?: number, dampening?: number, nesterov?: boolean, weight_decay?: number } 0, 0, false, 0
---@return nn.Optimizer
function nn.SGD(options) end
---@param options { lr?: nn.Rate, betas?: number[], eps?: number, weight_decay?: number, amsgrad?: boolean } 1e-3, { 0.9, 0.999 }, 1e-8, 0 (AdamW 0.01), false
---@return nn.Optimizer
function nn.Adam(options) end
nn.AdamW = nn.Adam
---@param options { lr?: nn.Rate, lr_decay?: number, weight_decay?: number, initial_accumulator_value?: number, eps?: number } 1e-2, 0, 0, 0, 1e-10
---@return nn.Optimizer
function nn.Adagrad(options) end
---@param options { lr?: nn.Rate, alpha?: number, eps?: number, weight_decay?: number, momentum?: number, centered?: boolean } 1e-2, 0.99, 1e-8, 0, 0, false
---@return nn.Optimizer
function nn.RMSprop(options) end
---@param options { lr?: nn.Rate, rho?: number, eps?: number, weight_decay?: number } 1, 0.9, 1e-6, 0
---@return nn.Optimizer
function nn.Adadelta(options) end
---@param options { lr?: nn.Rate, betas?: number[], eps?: number, weight_decay?: number } 2e-3, { 0.9, 0.999 }, 1e-8, 0
---@return nn.Optimizer
function nn.Adamax(options) end
---@param options { lr?: nn.Rate, betas?: number[], eps?: number, weight_decay?: number, momentum_decay?: number, decoupled_weight_decay?: boolean } 2e-3, { 0.9, 0.999 }, 1e-8, 0, 4e-3, false
---@return nn.Optimizer
function nn.NAdam(options) end
---@param options { lr?: nn.Rate, betas?: number[], eps?: number, weight_decay?: number, decoupled_weight_decay?: boolean } 1e-3, { 0.9, 0.999 }, 1e-8, 0, false
---@return nn.Optimizer
function nn.RAdam(options) end
---@param options { lr?: nn.Rate, betas?: number[], weight_decay?: number } 1e-4, { 0.9, 0.99 }, 0
---@return nn.Optimizer
function nn.Lion(options) end
---@param options { lr?: nn.Rate, betas?: number[], eps?: number, weight_decay?: number } 1e-3, { 0.9, 0.999 }, 1e-6, 0
---@return nn.Optimizer
function nn.LAMB(options) end
---@param options { lr?: nn.Rate, beta2_decay?: number, eps?: number[], d?: number, weight_decay?: number } 1e-2, -0.8, { 0 (the dtype's epsilon), 1e-3 }, 1, 0
---@return nn.Optimizer
function nn.Adafactor(options) end
---@param options { lr?: nn.Rate, momentum?: number, nesterov?: boolean, weight_decay?: number, eps?: number, adjust_lr?: "original"|"match_rms_adamw", ns_coefficients?: number[], ns_steps?: integer, betas?: number[], adam_eps?: number } 1e-3, 0.95, true, 0.1, 1e-7, "original", …, 5, { 0.9, 0.999 }, 1e-8
---@return nn.Optimizer
function nn.Muon(options) end
