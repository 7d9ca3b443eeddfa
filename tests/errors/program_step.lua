-- EXPECT: no function named 'train'
-- LINE: 6
local nn = require "nn"
local net = nn.Linear(4, 3)
local f = nn.func { function() return { y = net.weight:sum() } end }
return nn.program { model = net, f = f }
