-- EXPECT: nn.LearnedPosition: takes [.., T, 6] with T at most 4, not f32 [2,5,6]
-- LINE: 5
local nn = require "nn"
local layer = nn.LearnedPosition(4, 6)
local f = nn.func { function() return { y = layer(nn.ones { 2, 5, 6 }) } end }
return nn.program { model = layer, f = f, run = { steps = 1, step = f } }
