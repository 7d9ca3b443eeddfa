-- EXPECT: nn.train: needs loss
-- LINE: 5
local nn = require "nn"
local net = nn.Linear(4, 3)
local train = nn.train { optimizer = nn.SGD { net, lr = 0.1 } }
