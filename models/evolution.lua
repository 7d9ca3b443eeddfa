-- evolution.lua: an evolution strategy (Salimans et al. 2017) beside gradient descent: the same net, loss and optimizer; the one
-- fits a sine from the losses at weights moved by noise and their opposites, and has no gradient code at all.
local nn = require "nn"
local pairs_of_noise, sigma = 32, 0.05

local function make() return nn.Sequential { nn.Linear(1, 16), nn.Tanh(), nn.Linear(16, 1) } end
local bred, taught = make(), make()
local breeder, teacher = nn.Adam { bred, lr = nn.cosine(0.02) }, nn.Adam { taught, lr = nn.cosine(0.02) }

local x = (nn.iota(64) / 32 - 1):reshape { 64, 1 }
local function loss(net) return nn.mse_loss(net(x), (3 * x):sin()) end

local function estimate()
  local theta, unravel = nn.ravel(nn.values(nn.parameters(bred)))                  -- [P]
  local function at(v)
    local _, l = nn.functional_call(nn.parameters(bred), unravel(v), loss, bred)
    return l
  end
  local noise = nn.random.normal { pairs_of_noise, nn.numel(bred) }
  local slopes = nn.vmap(function(e) return (at(theta + sigma * e) - at(theta - sigma * e)) / (2 * sigma) end, noise)
  return unravel(slopes:matmul(noise) / pairs_of_noise)
end

local breed = nn.func { mode = "train", function()
  local l = loss(bred)
  breeder:update(estimate())
  return { loss = l }
end }
local teach = nn.train { optimizer = teacher, loss = function() return loss(taught) end }

return nn.program {
  name = "evolution", model = { bred = bred, taught = taught }, breed = breed, teach = teach,
  run = { steps = 1000, step = { breed, teach } },
}

-- Reaches: (f32, 64 points of a sine) after 1000 steps a loss of 5.7e-3 by evolution, with 65 times the evaluations,
-- and of 2.0e-5 by gradients.
