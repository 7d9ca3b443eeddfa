-- EXPECT: nn.load: a tree holds tensors, states, modules and tables of them, not a number
-- LINE: 6
local nn = require "nn"
local net = nn.Linear(4, 3)
local f = nn.func { function() return { y = net.weight:sum(), w = nn.value(net.weight) } end }
return nn.program { model = net, f = f, run = { steps = 1, before = nn.load { "a", into = 3 }, step = f } }
