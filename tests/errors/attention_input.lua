-- EXPECT: nn.MultiheadAttention: takes [T, N, 8], not f32 [5,2,6]
-- LINE: 5
local nn = require "nn"
local layer = nn.MultiheadAttention(8, 4)
local f = nn.func { function() return { y = layer(nn.ones { 5, 2, 6 }) } end }
return nn.program { model = layer, f = f, run = { steps = 1, step = f } }
