-- EXPECT: nn.BatchNorm1d: takes more than one value a channel in training, not f32 [1,3]
-- LINE: 5
local nn = require "nn"
local norm = nn.BatchNorm1d(3)
local f = nn.func { mode = "train", function() return { y = norm(nn.ones { 1, 3 }) } end }
return nn.program { model = norm, f = f, run = { steps = 1, step = f } }
