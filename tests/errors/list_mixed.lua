-- EXPECT: numbers or booleans, not both
-- LINE: 4
local nn = require "nn"
local c = nn.constant { 1, true }
