-- EXPECT: both were given
-- LINE: 6
local nn = require "nn"


local a, b = nn.data.split(nn.data.table { x = { 1, 2 } }, { 1, 0.5 })
