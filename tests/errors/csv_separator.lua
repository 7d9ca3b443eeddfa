-- EXPECT: nn.data.csv: a separator is one character, and neither a quote nor the end of a line, not ';;'
-- LINE: 4
local nn = require "nn"
local t = nn.data.csv { file = "a.csv", x = "kind", separator = ";;" }
