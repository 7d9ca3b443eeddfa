-- EXPECT: nn.program: 'epoch' must be a function made by nn.func
-- EXPECT: did you mean 'epochs'?
-- LINE: 6
local nn = require "nn"
local net = nn.Linear(4, 3)
return nn.program { model = net, epoch = 10 }
