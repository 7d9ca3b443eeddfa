-- EXPECT: Conv2d: 'kernel_size' must be a whole number or a list of 2, not a table
-- LINE: 4
local nn = require "nn"
local net = nn.Conv2d(3, 4, { 3, 3, 3 })
