-- EXPECT: nn.Bilinear: shapes differ: f32 [2,4] and f32 [5,3]
-- LINE: 5
local nn = require "nn"
local net = nn.Bilinear(4, 3, 2)
local f = nn.func { function() return { y = net(nn.ones { 2, 4 }, nn.ones { 5, 3 }) } end }
return nn.program { model = net, f = f, run = { steps = 1, step = "f" } }
