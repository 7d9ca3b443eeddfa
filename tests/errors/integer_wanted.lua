-- EXPECT: a size must be a whole number, not 2.5
-- LINE: 4
local nn = require "nn"
local p = nn.parameter { 2.5 }
