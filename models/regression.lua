-- regression.lua: least squares on points drawn anew at every step: no data files, parameters used in a plain function.
-- y = 3 sin(x) + 0.5 x - 1 + noise; the model is linear in the features, so the weights end at 3, 0.5 and -1.
local nn = require "nn"

local weight = nn.parameter({ 2 }, nn.init.normal(0, 0.1))
local offset = nn.parameter({})
local noise  = nn.hyper("noise", 0.1, { min = 0, help = "standard deviation of the noise" })

local function points(n)
  local x = (nn.random.uniform { n } - 0.5) * 6                                    -- [n]
  local y = 3 * x:sin() + 0.5 * x - 1 + noise * nn.random.normal { n }
  return nn.stack({ x:sin(), x }, 2), y                                            -- [n,2], [n]
end

local function predict(features) return features:matmul(weight) + offset end

local optimizer = nn.SGD { weight, offset, lr = nn.step_decay(0.05, { every = 400, factor = 0.3 }), momentum = 0.9 }

local train = nn.train { optimizer = optimizer, loss = function()
  local features, y = points(64)
  return nn.mse_loss(predict(features), y)
end }

-- How far the weights are from the truth: a function of the state alone.
local check = nn.func { function()
  local truth = nn.constant { 3.0, 0.5 }
  return { distance = ((weight - truth):norm() ^ 2 + (offset + 1) ^ 2):sqrt(), weight = nn.value(weight) }
end }

return nn.program {
  name = "regression", model = { weight = weight, offset = offset },
  train = train, check = check,
  run = { steps = 1000, step = { train, { check, every = 100 } } },
}
