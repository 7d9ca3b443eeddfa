-- EXPECT: nn.zeros: a shape is a list of sizes, such as { 2, 3 }, not a number
-- LINE: 4
local nn = require "nn"
local y = nn.zeros(2, 3)
