-- EXPECT: random numbers are drawn inside functions
-- LINE: 4
local nn = require "nn"
local x = nn.random.normal { 3 }
