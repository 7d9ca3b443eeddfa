-- memory.lua: how long adaptive steps remember. A gradient is 1 in every step but one, where it is 1000. AdaGrad divides by the root
-- of the sum of all squares (Duchi et al. 2011) and stays slow for good; RMSprop (Hinton 2012) by that of a mean which forgets as
-- rho^t, so over about 1 / (1 - rho) = 77 steps for rho = 0.987, and is back at full length after 1500.
local nn = require "nn"
local rho, huge, at = 0.987, 1000.0, 500

local function player(make)
  local x = nn.parameter({}, 0)
  return { x = x, opt = make { x, lr = 1, alpha = make == nn.RMSprop and rho or nil } }
end
local adagrad, rmsprop, k = player(nn.Adagrad), player(nn.RMSprop), nn.buffer({}, 0, "i32")

local function step_of(p, g)
  local before = nn.value(p.x)
  p.opt:update { g }
  return (before - p.x) / g                                                        -- per unit of gradient
end

local train = nn.func { mode = "train", function()
  nn.assign(k, k + 1)
  local g = nn.where(k:eq(at), huge, 1.0)
  return { adagrad = step_of(adagrad, g), rmsprop = step_of(rmsprop, g) }
end }

return nn.program {
  name = "memory", model = { adagrad = adagrad.x, rmsprop = rmsprop.x }, state = { k = k }, train = train,
  run = { steps = 2000, step = train },
}

-- Reaches: (f64, no data) steps per unit of gradient, in front of the huge one, at it, and 1500 steps later: AdaGrad 0.0448, 0.00100,
-- 0.00100; RMSprop 1.0007, 0.0088, 1.0000.
