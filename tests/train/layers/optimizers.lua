-- optimizers.lua: 100 steps of every optimizer and schedule on one small net, for comparison with tests/oracle/layers.tsv (layers.py has the same
-- cases with the same numbers of tensors). Run in f64 by tests/train/layers.sh; which case, says -D case=…
local nn = require "nn"
local formula = require "formula"
local tensor, project = formula.tensor, formula.project

local steps = 100
local function parameter(t, shape) return nn.parameter(shape, function(s) return tensor(t, s) end) end
local w1, b1, w2, b2 = parameter(22, { 6, 5 }), parameter(23, { 6 }), parameter(24, { 2, 6 }), parameter(25, { 2 })
local net = { w1, b1, w2, b2 }

local make = {
  sgd = function() return nn.SGD { net, lr = 0.1 } end,
  sgd_momentum = function() return nn.SGD { net, lr = 0.05, momentum = 0.9 } end,
  sgd_nesterov = function() return nn.SGD { net, lr = 0.05, momentum = 0.9, nesterov = true } end,
  sgd_decay = function() return nn.SGD { net, lr = 0.05, momentum = 0.9, weight_decay = 0.01 } end,
  adam = function() return nn.Adam { net, lr = 0.01 } end,
  adam_betas = function() return nn.Adam { net, lr = 0.01, betas = { 0.8, 0.99 }, eps = 1e-6 } end,
  adam_decay = function() return nn.Adam { net, lr = 0.01, weight_decay = 0.01 } end,
  adamw = function() return nn.AdamW { net, lr = 0.01, weight_decay = 0.1 } end,
  cosine = function() return nn.SGD { net, lr = nn.cosine(0.1) } end,
  step_decay = function() return nn.SGD { net, lr = nn.step_decay(0.1, { every = 30, factor = 0.5 }) } end,
}
local optimizer = make[nn.arg("case", "sgd")]()

local function forward()
  local x, y = tensor(20, { 8, 5 }), tensor(21, { 8, 2 })
  return nn.mse_loss(nn.linear(nn.tanh(nn.linear(x, w1, b1)), w2, b2), y)
end

local train = nn.func { function()
  local out = { loss = optimizer:step(forward) }
  for k, p in ipairs(net) do out["p" .. (k - 1)] = project(nn.value(p), 49 + k) end
  return out
end }

return nn.program { name = "optimizers", model = net, train = train, run = { steps = steps, step = train } }
