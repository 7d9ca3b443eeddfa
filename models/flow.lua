-- flow.lua: gradient descent as Euler's method of the gradient flow d theta / dt = -grad L. For L = lambda theta^2 / 2 the
-- path is (1 - lr * lambda)^k and the flow exp(-lambda t), t = lr * k; their gap is lr * lambda^2 t exp(-lambda t) / 2 + O(lr^2).
local nn = require "nn"
local lambda, time = 2.0, 1.0

local function path(steps)
  local theta = nn.parameter({}, 1)
  return { theta = theta, lr = time / steps, steps = steps, optimizer = nn.SGD { theta, lr = time / steps } }
end
local paths = { coarse = path(20), fine = path(40), finest = path(80) }

-- One call moves each path by 1/20 of the time: one, two and four steps.
local train = nn.func { mode = "train", function()
  local out = {}
  for name, p in pairs(paths) do
    for _ = 1, p.steps // 20 do p.optimizer:step(function() return lambda / 2 * p.theta ^ 2 end) end
    local k = p.optimizer.t:cast(p.theta.dtype)
    local euler, t = nn.constant(1 - p.lr * lambda) ^ k, p.lr * k
    local flow = (-lambda * t):exp()
    out[name .. "_error"] = (p.theta - euler):abs()
    out[name .. "_gap"] = (p.theta - flow):abs()
    out[name .. "_predicted"] = p.lr * lambda ^ 2 / 2 * t * flow
  end
  return out
end }

return nn.program {
  name = "flow", model = { coarse = paths.coarse.theta, fine = paths.fine.theta, finest = paths.finest.theta },
  train = train, run = { steps = 20, step = train },
}

-- Reaches: (f64, no data) Euler's path to 3e-16; gaps at t = 1 of 1.38e-2, 6.82e-3, 3.40e-3, against 1.35e-2,
-- 6.77e-3, 3.38e-3 predicted.
