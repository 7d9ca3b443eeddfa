-- EXPECT: Conv2d: 64 output channels do not divide into 3 groups
-- LINE: 4
local nn = require "nn"
local net = nn.Conv2d(96, 64, 3, { groups = 3 })
