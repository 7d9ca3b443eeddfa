-- EXPECT: nn.Bilinear: takes tensors and numbers, not nil
-- LINE: 5
local nn = require "nn"
local net = nn.Bilinear(4, 3, 2)
local f = nn.func { function() return { y = net(nn.ones { 2, 4 }) } end }
return nn.program { model = net, f = f, run = { steps = 1, step = "f" } }
