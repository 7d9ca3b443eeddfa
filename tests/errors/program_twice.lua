-- EXPECT: nn.program: a file has one program
-- LINE: 7
local nn = require "nn"
local net = nn.Linear(4, 3)
local f = nn.func { function() return { y = net.weight:sum() } end }
local one = nn.program { model = net, f = f, run = { steps = 1, step = f } }
return nn.program { model = net, f = f, run = { steps = 1, step = f } }
