-- EXPECT: output 'y' must be a tensor or a number, not a string
-- LINE: 5
local nn = require "nn"
local net = nn.Linear(4, 3)
local f = nn.func { function() return { y = "high" } end }
return nn.program { model = net, f = f, run = { steps = 1, step = f } }
