---@meta
-- regression.d.lua: the losses of x - y that regression.lua makes by one function. x and y have one shape.

--- (x - y)^2.
---@param x nn.Tensor [..]
---@param y nn.Tensor [..]
---@param options? nn.LossOptions `{}`
---@return nn.Tensor
function nn.mse_loss(x, y, options) end
nn.l1_loss = nn.mse_loss -- |x - y|; the gradient at 0 is 0
nn.log_cosh_loss = nn.mse_loss -- log(cosh(x - y)), without overflow on either side

---@class nn.SmoothL1Options: nn.LossOptions
---@field beta? number `1`, at least 0; 0: |d|

--- d^2 / (2 beta) where |d| < beta, else |d| - beta / 2, d = x - y (Girshick 2015).
---@param x nn.Tensor [..]
---@param y nn.Tensor [..]
---@param options? nn.SmoothL1Options `{}`
---@return nn.Tensor
function nn.smooth_l1_loss(x, y, options) end

---@class nn.HuberOptions: nn.LossOptions
---@field delta? number `1`, above 0

--- d^2 / 2 where |d| <= delta, else delta (|d| - delta / 2), d = x - y (Huber 1964).
---@param x nn.Tensor [..]
---@param y nn.Tensor [..]
---@param options? nn.HuberOptions `{}`
---@return nn.Tensor
function nn.huber_loss(x, y, options) end

---@class nn.QuantileLossOptions: nn.LossOptions
---@field q? number `0.5`, 0 to 1

--- q (y - x) where y >= x, else (1 - q) (x - y): least at the q-quantile (Koenker and Bassett 1978).
---@param x nn.Tensor [..]
---@param y nn.Tensor [..]
---@param options? nn.QuantileLossOptions `{}`
---@return nn.Tensor
function nn.quantile_loss(x, y, options) end
