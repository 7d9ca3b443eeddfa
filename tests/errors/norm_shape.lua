-- EXPECT: nn.LayerNorm: takes last dimensions of [7], not f32 [2,5]
-- LINE: 5
local nn = require "nn"
local norm = nn.LayerNorm(7)
local f = nn.func { function() return { y = norm(nn.ones { 2, 5 }) } end }
return nn.program { model = norm, f = f, run = { steps = 1, step = f } }
