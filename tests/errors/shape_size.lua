-- EXPECT: a size must be at least 1, not 0
-- LINE: 4
local nn = require "nn"
local p = nn.parameter { 4, 0 }
