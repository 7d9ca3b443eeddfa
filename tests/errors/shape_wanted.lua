-- EXPECT: a shape is a list of sizes
-- LINE: 4
local nn = require "nn"
local p = nn.parameter(3)
