-- EXPECT: Conv2d: 64 input channels do not divide into 3 groups
-- LINE: 4
local nn = require "nn"
local net = nn.Conv2d(64, 96, 3, { groups = 3 })
