-- EXPECT: nn.hyper: no field 'minimum'
-- LINE: 4
local nn = require "nn"
local lr = nn.hyper("lr", 0.1, { minimum = 0 })
