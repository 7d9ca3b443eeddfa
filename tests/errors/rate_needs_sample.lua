-- EXPECT: nn.data.table: needs sample = "poisson" with a rate
-- LINE: 6
local nn = require "nn"


local t = nn.data.table { x = { 1 }, rate = 0.5 }
