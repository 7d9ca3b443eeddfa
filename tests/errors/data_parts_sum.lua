-- EXPECT: they add up to more than there is
-- LINE: 6
local nn = require "nn"


local a, b = nn.data.split(nn.data.table { x = { 1, 2 } }, { 0.9, 0.2 })
