-- EXPECT: nn.Bilinear: takes a last dimension of 4, not f32 [2,3]
-- LINE: 5
local nn = require "nn"
local layer = nn.Bilinear(3, 4, 5)
local f = nn.func { function() return { y = layer(nn.ones { 2, 3 }, nn.ones { 2, 3 }) } end }
return nn.program { model = layer, f = f, run = { steps = 1, step = f } }
