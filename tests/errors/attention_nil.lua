-- EXPECT: nn.MultiheadAttention: takes tensors and numbers, not nil
-- LINE: 5
local nn = require "nn"
local net = nn.MultiheadAttention(8, 2)
local f = nn.func { function() return { y = (net()) } end }
return nn.program { model = net, f = f, run = { steps = 1, step = "f" } }
