-- EXPECT: nn.data.csv: no field takes the column 'king', which has categories
-- LINE: 4
local nn = require "nn"
local t = nn.data.csv { file = "a.csv", x = "kind", categories = { king = { "a" } } }
