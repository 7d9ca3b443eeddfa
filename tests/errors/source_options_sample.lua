-- EXPECT: nn.data.table: 'shuffle' does not go with 'sample'
-- LINE: 6
local nn = require "nn"


local t = nn.data.table { x = { 1 }, shuffle = true, sample = "poisson", rate = 0.5 }
