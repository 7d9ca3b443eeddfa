---@meta
-- optimizers.d.lua: the rows of optimizers.lua. g, p and t as in optim.lua; weight decay adds weight_decay p to g unless it says otherwise.

---@class nn.AdagradOptions: nn.OptimizerOptions
---@field lr? nn.Rate `1e-2`
---@field lr_decay? number `0`: lr / (1 + (t - 1) lr_decay)
---@field weight_decay? number `0`
---@field initial_accumulator_value? number `0`
---@field eps? number `1e-10`

--- p - lr g / (sqrt(sum g^2) + eps) (Duchi et al. 2011). State: `sum`.
---@param options nn.AdagradOptions
---@return nn.Optimizer
function nn.Adagrad(options) end

---@class nn.RMSpropOptions: nn.OptimizerOptions
---@field lr? nn.Rate `1e-2`
---@field alpha? number `0.99`, 0 to 1
---@field eps? number `1e-8`
---@field weight_decay? number `0`
---@field momentum? number `0`, 0 to 1
---@field centered? boolean `false`; true: the mean's square is taken off (Graves 2013)

--- p - lr g / (sqrt(v) + eps), v = alpha v + (1 - alpha) g^2 (Hinton 2012, lecture 6e). States: `square_avg`, `grad_avg`, `momentum_buffer`.
---@param options nn.RMSpropOptions
---@return nn.Optimizer
function nn.RMSprop(options) end

---@class nn.AdadeltaOptions: nn.OptimizerOptions
---@field lr? nn.Rate `1`
---@field rho? number `0.9`, 0 to 1
---@field eps? number `1e-6`
---@field weight_decay? number `0`

--- p - lr d, d = sqrt(u + eps) / sqrt(v + eps) g, v and u the running means of g^2 and d^2 (Zeiler 2012, algorithm 1). States: `square_avg`, `acc_delta`.
---@param options nn.AdadeltaOptions
---@return nn.Optimizer
function nn.Adadelta(options) end

---@class nn.AdamaxOptions: nn.OptimizerOptions
---@field lr? nn.Rate `2e-3`
---@field betas? number[] `{ 0.9, 0.999 }`
---@field eps? number `1e-8`
---@field weight_decay? number `0`

--- p - lr / (1 - b1^t) m / u, u = max(b2 u, |g| + eps) (Kingma and Ba 2015, section 7.1). States: `exp_avg`, `exp_inf`.
---@param options nn.AdamaxOptions
---@return nn.Optimizer
function nn.Adamax(options) end

---@class nn.NAdamOptions: nn.OptimizerOptions
---@field lr? nn.Rate `2e-3`
---@field betas? number[] `{ 0.9, 0.999 }`
---@field eps? number `1e-8`
---@field weight_decay? number `0`
---@field momentum_decay? number `4e-3`
---@field decoupled_weight_decay? boolean `false`; true: p (1 - lr weight_decay), as AdamW

--- Adam with Nesterov's momentum, mu_t = b1 (1 - 0.96^(t momentum_decay) / 2) (Dozat 2016). States: `exp_avg`, `exp_avg_sq`, `mu_product` f64 of each group.
---@param options nn.NAdamOptions
---@return nn.Optimizer
function nn.NAdam(options) end

---@class nn.RAdamOptions: nn.OptimizerOptions
---@field lr? nn.Rate `1e-3`
---@field betas? number[] `{ 0.9, 0.999 }`
---@field eps? number `1e-8`
---@field weight_decay? number `0`
---@field decoupled_weight_decay? boolean `false`; true: p (1 - lr weight_decay), as AdamW

--- Adam rectified: plain momentum until the variance of the adaptive rate is tractable (Liu et al. 2020, algorithm 2). States: `exp_avg`, `exp_avg_sq`.
---@param options nn.RAdamOptions
---@return nn.Optimizer
function nn.RAdam(options) end

---@class nn.LionOptions: nn.OptimizerOptions
---@field lr? nn.Rate `1e-4`
---@field betas? number[] `{ 0.9, 0.99 }`
---@field weight_decay? number `0`: decoupled, lr weight_decay p

--- p - lr (sign(b1 m + (1 - b1) g) + weight_decay p), then m = b2 m + (1 - b2) g (Chen et al. 2023, algorithm 2). State: `exp_avg`.
---@param options nn.LionOptions
---@return nn.Optimizer
function nn.Lion(options) end

---@class nn.LAMBOptions: nn.OptimizerOptions
---@field lr? nn.Rate `1e-3`
---@field betas? number[] `{ 0.9, 0.999 }`
---@field eps? number `1e-6`
---@field weight_decay? number `0`: in the step r

--- p - lr |p| / |r| r, r = m' / (sqrt(v') + eps) + weight_decay p with Adam's m' and v'; the ratio is 1 where a norm is 0 (You et al. 2020, algorithm 2). States: `exp_avg`,
--- `exp_avg_sq`.
---@param options nn.LAMBOptions
---@return nn.Optimizer
function nn.LAMB(options) end

---@class nn.AdafactorOptions: nn.OptimizerOptions
---@field lr? nn.Rate `1e-2`: the largest relative step, min(lr, 1 / sqrt(t))
---@field beta2_decay? number `-0.8`, at most 0
---@field eps? number[] `{ 0, 1e-3 }`: the first one 0 is the dtype's epsilon; the second the least root mean square of p
---@field d? number `1`, at least 1: the largest root mean square of a move
---@field weight_decay? number `0`: p (1 - lr weight_decay) before the step

--- Adam without momentum, whose second moments of matrices are a product of two vectors (Shazeer and Stern 2018, algorithm 6). States: `row_var`, `col_var`, of vectors
--- `variance`.
---@param options nn.AdafactorOptions
---@return nn.Optimizer
function nn.Adafactor(options) end

---@class nn.MuonOptions: nn.OptimizerOptions
---@field lr? nn.Rate `1e-3`
---@field momentum? number `0.95`, 0 to 1
---@field nesterov? boolean `true`
---@field weight_decay? number `0.1`: p (1 - lr weight_decay) before the step
---@field eps? number `1e-7`: the least norm that is divided by
---@field adjust_lr? "original"|"match_rms_adamw" `"original"`: times sqrt(max(1, rows / columns)); or 0.2 sqrt(max(rows, columns))
---@field ns_coefficients? number[] `{ 3.4445, -4.775, 2.0315 }`
---@field ns_steps? integer `5`, 1 to 99
---@field betas? number[] `{ 0.9, 0.999 }` of AdamW for what is no matrix
---@field adam_eps? number `1e-8`

--- The momentum of a matrix, made nearly orthogonal by Newton and Schulz's iteration (Jordan et al. 2024); parameters that are not of two dimensions move by AdamW, with
--- the same lr and weight_decay (torch.optim.Muon refuses them). States: `momentum_buffer`; `exp_avg`, `exp_avg_sq`.
---@param options nn.MuonOptions
---@return nn.Optimizer
function nn.Muon(options) end
