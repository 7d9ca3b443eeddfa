-- EXPECT: nn.program's checkpoint: 'keep' must be a whole number of at least 1, not 0
-- LINE: 6
local nn = require "nn"
local net = nn.Linear(4, 3)
local f = nn.func { function() return { y = net.weight:sum(), w = nn.value(net.weight) } end }
return nn.program { model = net, f = f, run = { steps = 1, step = f }, checkpoint = { every = 10, keep = 0 } }
