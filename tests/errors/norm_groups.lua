-- EXPECT: nn.GroupNorm: 'channels' must be a multiple of 4, not 6
-- LINE: 4
local nn = require "nn"
local norm = nn.GroupNorm(4, 6)
