-- EXPECT: nn.hyper: 'lr' must be a number, not a string
-- LINE: 4
local nn = require "nn"
local lr = nn.hyper("lr", "fast")
