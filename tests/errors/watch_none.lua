-- EXPECT: nn.train's watch: no parameter of the optimizer is called '*.wieght'
-- LINE: 5
local nn = require "nn"
local net = nn.Linear(2, 1)
local train = nn.train { watch = "*.wieght", optimizer = nn.SGD { net, lr = 1 }, loss = function() return net(nn.ones { 3, 2 }):mean() end }
return nn.program { model = { net }, train = train, run = { steps = 1, step = train } }
