-- EXPECT: nn.Rotary: 'D' must be even, not 5
-- LINE: 4
local nn = require "nn"
local rotary = nn.Rotary(5, 16)
