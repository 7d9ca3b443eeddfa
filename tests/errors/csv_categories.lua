-- EXPECT: nn.data.csv: categories of the column 'kind' are a list of different texts, not 'a' twice
-- LINE: 4
local nn = require "nn"
local t = nn.data.csv { file = "a.csv", x = "kind", categories = { kind = { "a", "b", "a" } } }
