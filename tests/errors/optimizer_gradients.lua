-- EXPECT: nn.SGD: 1 gradients for 2 parameters
-- LINE: 7
local nn = require "nn"
local net = nn.Linear(2, 2)
local opt = nn.SGD { net, lr = 0.1 }
local f = nn.func { function()
  opt:update { nn.ones { 2, 2 } }
end }
return nn.program { model = net, f = f, run = { steps = 1, step = f } }
