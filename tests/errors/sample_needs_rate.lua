-- EXPECT: nn.data.table: needs rate, the probability of a row to be in a batch
-- LINE: 6
local nn = require "nn"


local t = nn.data.table { x = { 1 }, sample = "poisson" }
