-- EXPECT: nn.data.csv: the field 'x' takes a column's name or a list of them, not a number
-- LINE: 4
local nn = require "nn"
local t = nn.data.csv { file = "a.csv", x = 3 }
