-- EXPECT: 'rate' must be above 0 and at most 1, not 1.5
-- LINE: 6
local nn = require "nn"


local t = nn.data.table { x = { 1 }, sample = "poisson", rate = 1.5 }
