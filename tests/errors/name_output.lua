-- EXPECT: cannot be a name
-- LINE: 5
local nn = require "nn"
local net = nn.Linear(4, 3)
local f = nn.func { function() return { ["b\xff"] = net.weight:sum() } end }
return nn.program { model = net, f = f, run = { steps = 1, step = f } }
