-- EXPECT: nn.save: needs a path, its first field
-- LINE: 6
local nn = require "nn"
local net = nn.Linear(4, 3)
local f = nn.func { function() return { y = net.weight:sum(), w = nn.value(net.weight) } end }
return nn.program { model = net, f = f, run = { steps = 1, step = f, after = nn.save { tree = net } } }
