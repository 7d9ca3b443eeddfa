-- EXPECT: 'lr' is there already with another default
-- EXPECT: the first one is here
-- LINE: 6
local nn = require "nn"
local a = nn.hyper("lr", 0.1)
local b = nn.hyper("lr", 0.2)
