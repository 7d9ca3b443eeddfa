-- EXPECT: part 2 has no row
-- LINE: 6
local nn = require "nn"


local a, b = nn.data.split(nn.data.table { x = { 1, 2 } }, { 0.6, 0.1 })
