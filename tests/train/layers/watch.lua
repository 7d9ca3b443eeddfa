-- watch.lua: norms of weights, gradients and updates by nn.train { watch } (tests/oracle/library/watch.py).
local nn = require "nn"
local formula, cases = require "formula", require "cases"
local tensor = formula.tensor
local nets = {}

local function net_of(name, zero)
  local shapes, net = { { 6, 5 }, { 6 }, { 2, 6 }, { 2 } }, {}
  for i, shape in ipairs(shapes) do net[i] = nn.parameter(shape, zero[i] and 0 or cases.init(21 + i)) end
  nets[name] = net
  return net
end

local function loss_of(net)
  return nn.mse_loss(nn.linear(nn.tanh(nn.linear(tensor(20, { 8, 5 }), net[1], net[2])), net[3], net[4]), tensor(21, { 8, 2 }))
end

local first, second = net_of("clipped", { [2] = true, [4] = true }), net_of("accumulated", {})
local clipped = nn.train { watch = true, clip_norm = 0.05, optimizer = nn.Adam { first, lr = 0.02 },
                           loss = function() return loss_of(first) end }
local accumulated = nn.train { watch = "accumulated.*", accumulate = 2, optimizer = nn.SGD { second, lr = 0.1, momentum = 0.9 },
                               loss = function() return loss_of(second) end }
return nn.program { name = "watch", model = nets, clipped = clipped, accumulated = accumulated,
                    run = { steps = 6, step = { clipped, accumulated } } }
