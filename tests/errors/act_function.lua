-- EXPECT: step names no function of the program: 'trian'
-- EXPECT: did you mean 'train'?
-- LINE: 7
local nn = require "nn"
local net = nn.Linear(4, 3)
local f = nn.func { function() return { y = net.weight:sum(), w = nn.value(net.weight) } end }
return nn.program { model = net, train = f, run = { steps = 1, step = "trian" } }
