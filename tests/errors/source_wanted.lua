-- EXPECT: data.train must be a source
-- LINE: 6
local nn = require "nn"
local net = nn.Linear(4, 3)
local f = nn.func { on = "train", function(b) return { y = b.x:mean() } end }
return nn.program { model = net, data = { train = "images.idx" }, f = f, run = { epochs = 1, step = f } }
