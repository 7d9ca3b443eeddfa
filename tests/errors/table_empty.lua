-- EXPECT: nn.data.table: needs fields
-- LINE: 6
local nn = require "nn"


local t = nn.data.table { batch = 2 }
