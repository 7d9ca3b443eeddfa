-- EXPECT: nn.LBFGS: takes gradients as they are, not watch
-- LINE: 5
local nn = require "nn"
local net = nn.Linear(2, 1)
local train = nn.train { watch = true, optimizer = nn.LBFGS { net }, loss = function() return net(nn.ones { 3, 2 }):mean() end }
return nn.program { model = { net }, train = train, run = { steps = 1, step = train } }
