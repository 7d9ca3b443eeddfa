-- EXPECT: at most 8 dimensions
-- LINE: 4
local nn = require "nn"
local p = nn.parameter { 1, 1, 1, 1, 1, 1, 1, 1, 1 }
