-- EXPECT: nn.Adam: the parameter f32 [2,2] stands in two groups
-- LINE: 5
local nn = require "nn"
local net = nn.Linear(2, 2)
local opt = nn.Adam { net, { net.weight, lr = 1e-4 } }
