---@meta
-- optim.d.lua: SGD and Adam, which optim.lua makes from rows. g is the gradient, p the parameter, t the number of the step from 1. Formulas and order of operations are
-- torch.optim's; names of states too: `optimizer.0.exp_avg.0.weight`.

---@class nn.SGDOptions: nn.OptimizerOptions
---@field lr nn.Rate
---@field momentum? number `0`, 0 to 1
---@field dampening? number `0`, 0 to 1
---@field nesterov? boolean `false`; true: needs a momentum and a dampening of 0
---@field weight_decay? number `0`: g + weight_decay p in g's place

--- p - lr v, v = momentum v + (1 - dampening) g, from v = g (Robbins and Monro 1951; Polyak 1964); nesterov: p - lr (g + momentum v) (as in Sutskever et al. 2013).
--- State: `momentum_buffer`, with a momentum.
---@param options nn.SGDOptions
---@return nn.Optimizer
function nn.SGD(options) end

---@class nn.AdamOptions: nn.OptimizerOptions
---@field lr? nn.Rate `1e-3`
---@field betas? number[] `{ 0.9, 0.999 }`, between 0 and 1
---@field eps? number `1e-8`
---@field weight_decay? number `0`: g + weight_decay p in g's place
---@field amsgrad? boolean `false`; true: the largest v so far (Reddi et al. 2018), state `max_exp_avg_sq`

--- p - lr m' / (sqrt(v') + eps), m = b1 m + (1 - b1) g, v = b2 v + (1 - b2) g^2, m' = m / (1 - b1^t), v' = v / (1 - b2^t) (Kingma and Ba 2015, algorithm 1).
--- States: `exp_avg`, `exp_avg_sq`.
---@param options nn.AdamOptions
---@return nn.Optimizer
function nn.Adam(options) end

---@class nn.AdamWOptions: nn.OptimizerOptions
---@field lr? nn.Rate `1e-3`
---@field betas? number[] `{ 0.9, 0.999 }`, between 0 and 1
---@field eps? number `1e-8`
---@field weight_decay? number `0.01`: p (1 - lr weight_decay) before the step
---@field amsgrad? boolean `false`

--- Adam with decoupled weight decay (Loshchilov and Hutter 2019, algorithm 2).
---@param options nn.AdamWOptions
---@return nn.Optimizer
function nn.AdamW(options) end
