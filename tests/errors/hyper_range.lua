-- EXPECT: 'lr' starts at 2, outside 0 to 1
-- LINE: 4
local nn = require "nn"
local lr = nn.hyper("lr", 2, { min = 0, max = 1 })
