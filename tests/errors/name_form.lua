-- EXPECT: 'learning-rate' is no name
-- LINE: 4
local nn = require "nn"
local lr = nn.hyper("learning-rate", 1e-3)
