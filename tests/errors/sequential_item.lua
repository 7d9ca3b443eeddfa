-- EXPECT: nn.Sequential: takes modules and functions, not a number at position 2
-- LINE: 4
local nn = require "nn"
local net = nn.Sequential { nn.Linear(4, 3), 7 }
