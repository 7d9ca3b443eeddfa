-- EXPECT: epochs are passes over data
-- LINE: 6
local nn = require "nn"
local net = nn.Linear(4, 3)
local f = nn.func { function() return { y = net.weight:sum(), w = nn.value(net.weight) } end }
return nn.program { model = net, f = f, run = { epochs = 1, step = f } }
