-- EXPECT: nn.train: no field 'optimiser'
-- EXPECT: did you mean 'optimizer'?
-- LINE: 6
local nn = require "nn"
local net = nn.Linear(4, 3)
local train = nn.train { optimiser = nn.SGD { net, lr = 0.1 } }
