-- EXPECT: nn.hyper: takes a name, not a number
-- LINE: 4
local nn = require "nn"
local lr = nn.hyper(1e-3)
