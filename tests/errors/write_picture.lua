-- EXPECT: a .png takes pictures [h,w], [n,h,w] or [n,c,h,w] of 1 or 3 channels: 'y'
-- LINE: 6
local nn = require "nn"
local net = nn.Linear(4, 3)
local f = nn.func { function() return { y = net.weight:sum(), w = nn.value(net.weight) } end }
return nn.program { model = net, f = f, run = { steps = 1, step = { f, write = { y = "y.png" } } } }
