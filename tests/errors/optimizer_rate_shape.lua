-- EXPECT: nn.Adam: 'lr' must be a number or a scalar, not f32 [2]
-- LINE: 5
local nn = require "nn"
local net = nn.Linear(4, 3)
local opt = nn.Adam { net, lr = nn.constant { 0.1, 0.2 } }
