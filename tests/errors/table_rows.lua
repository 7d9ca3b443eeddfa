-- EXPECT: nn.data.table: 'y' has 3 rows, 'x' has 2
-- LINE: 6
local nn = require "nn"


local t = nn.data.table { x = { 1, 2 }, y = { 1, 2, 3 } }
