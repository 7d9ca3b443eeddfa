-- symmetry.lua: hidden units that start alike stay alike: from zeros or any other constant, a layer of 8 has the power of one
-- unit. Random weights break the symmetry.
local nn = require "nn"
local width = 8

local function make(init)
  local options = { init = init, bias = false }
  return { hidden = nn.Linear(3, width, options), out = nn.Linear(width, 1, options) }
end
local nets = { zero = make(nn.init.zeros()), constant = make(nn.init.constant(0.5)), random = make() }

local points = nn.constant { { -1.0, -1.0, 1.0 }, { -1.0, 1.0, 1.0 }, { 1.0, -1.0, 1.0 }, { 1.0, 1.0, 1.0 } }   -- 1: for the bias
local wanted = nn.constant { 0.0, 1.0, 1.0, 0.0 }
local function loss(net)
  local score = net.out(net.hidden(points):tanh()):reshape { 4 }                   -- exclusive or
  return nn.binary_cross_entropy_with_logits(score, wanted)
end

local optimizers = {}
for name, net in pairs(nets) do optimizers[name] = nn.Adam { net, lr = 0.02 } end

-- The largest distance of a unit's weights from those of the first
local function spread(net)
  local w = nn.concat({ net.hidden.weight, net.out.weight:transpose(1, 2) }, 2)
  return (w - w:slice(1, 1, 1)):abs():max()
end

local train = nn.func { mode = "train", function()
  local out = {}
  for name, net in pairs(nets) do
    out[name .. "_loss"] = optimizers[name]:step(function() return loss(net) end)
    out[name .. "_spread"] = spread(net)
  end
  return out
end }

return nn.program { name = "symmetry", model = nets, train = train, run = { steps = 500, step = train } }

-- Reaches: (f64, the 4 points of exclusive or) units that started alike are equal to the bit after 500 steps, loss
-- 0.6931 = ln 2; random ones reach 1.0e-3.
