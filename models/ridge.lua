-- ridge.lua: which L2 penalty? Few noisy points, many features: the validation loss after K steps of training is a valley
-- over lambda, and its slope comes out of the training itself, by differentiating through the K steps of the library's
-- optimizer; central differences of whole trainings say the same.
local nn = require "nn"
local K, degree = 200, 12

local function features(x)                                                         -- [n] -> [n,degree]
  local columns = {}
  for k = 1, degree do columns[k] = (k * math.pi * x):cos() end
  return nn.stack(columns, 2)
end
local function noise(n, key) return nn.with({ key = key }, function() return nn.random.normal { n } end) end
local function truth(x) return (math.pi * x):cos() - 0.5 * (2 * math.pi * x):cos() end
local function points(n, first) return (nn.iota(n) + first) / n end

local x, x_valid = points(16, 0.3), points(64, 0.5)
local weight = nn.parameter { degree }
local optimizer = nn.SGD { weight, lr = 0.1, momentum = 0.9 }

local function valid_loss(log_lambda)
  local y = truth(x) + 0.5 * noise(16, 1)
  local trained = nn.states { weight, optimizer }
  local last = nn.scan(function(values)
    return (nn.functional_call(trained, values, function()
      optimizer:step(function()
        return nn.mse_loss(features(x):matmul(weight), y) + log_lambda:exp() * (weight ^ 2):sum()
      end)
    end))
  end, nn.values(trained), nil, { length = K })
  local _, loss = nn.functional_call(trained, last, function()
    return nn.mse_loss(features(x_valid):matmul(weight), truth(x_valid))
  end)
  return loss
end

local at = nn.buffer({}, -8)                                                       -- ln lambda

local valley = nn.func { function()
  local log_lambda, h = nn.value(at), 1e-3
  local loss = valid_loss(log_lambda)
  local slope = nn.grad(loss, log_lambda)
  local difference = (valid_loss(log_lambda + h) - valid_loss(log_lambda - h)) / (2 * h)
  nn.assign(at, at + 1)
  return { log_lambda = log_lambda, loss = loss, slope = slope, difference = difference }
end }

return nn.program { name = "ridge", model = { weight = weight }, valley = valley, run = { steps = 10, step = valley } }

-- Reaches: (f64, 16 made-up points) losses of 0.177 at lambda = e^-8, 0.135 at e^-2, 0.448 at e; slopes equal the
-- differences to 2e-6.
