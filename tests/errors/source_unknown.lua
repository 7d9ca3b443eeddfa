-- EXPECT: no source 'trian' in the program's data
-- EXPECT: did you mean 'train'?
-- LINE: 7
local nn = require "nn"
local net = nn.Linear(4, 3)
local data = { train = nn.data.fashion_mnist { split = "train", batch = 10 } }
local f = nn.func { on = "trian", function(b) return { y = b.x:mean() } end }
return nn.program { model = net, data = data, f = f, run = { epochs = 1, step = f } }
