-- EXPECT: nn.data.split: parts are fractions that add up to at most 1, or numbers of rows: a string
-- LINE: 6
local nn = require "nn"


local a, b = nn.data.split(nn.data.table { x = { 1, 2 } }, { "most" })
