-- EXPECT: nn.data.table: 'pad' does not go with 'drop_last'
-- LINE: 6
local nn = require "nn"


local t = nn.data.table { x = { 1 }, pad = true, drop_last = true }
