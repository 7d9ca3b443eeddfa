-- EXPECT: nn.cross_entropy: 'weight' must be 3 numbers, one a class, not a list of 2
-- LINE: 4
local nn = require "nn"
local l = nn.cross_entropy(nn.ones { 2, 3 }, nn.iota(2), { weight = { 0.5, 1.0 } })
