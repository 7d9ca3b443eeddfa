-- EXPECT: nn.BatchNorm2d: takes [B, 3, …, …], not f32 [2,3,4]
-- LINE: 5
local nn = require "nn"
local norm = nn.BatchNorm2d(3)
local f = nn.func { function() return { y = norm(nn.ones { 2, 3, 4 }) } end }
return nn.program { model = norm, f = f, run = { steps = 1, step = f } }
