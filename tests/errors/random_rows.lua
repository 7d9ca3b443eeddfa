-- EXPECT: nn.data.random: needs rows, how many there are
-- LINE: 6
local nn = require "nn"


local t = nn.data.random { x = { 2 } }
