-- EXPECT: nn.data.table: no way to sample 'bernoulli'
-- LINE: 6
local nn = require "nn"


local t = nn.data.table { x = { 1 }, sample = "bernoulli", rate = 0.5 }
