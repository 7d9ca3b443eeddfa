-- EXPECT: nn.TransformerEncoderLayer: takes [N, T, 8], not f32 [2,8]
-- LINE: 5
local nn = require "nn"
local net = nn.TransformerEncoderLayer(8, 2, { batch_first = true })
local f = nn.func { function() return { y = net(nn.ones { 2, 8 }) } end }
return nn.program { model = net, f = f, run = { steps = 1, step = "f" } }
