-- EXPECT: nn.data.table: 'first' is a field of every batch already
-- LINE: 6
local nn = require "nn"


local t = nn.data.table { first = { 1 } }
