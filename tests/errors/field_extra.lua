-- EXPECT: nn.ReLU: takes at most 0 positional values, not 1
-- LINE: 4
local nn = require "nn"
local r = nn.ReLU(0.1)
