-- EXPECT: nn.Sequential: takes a table, not a string
-- LINE: 4
local nn = require "nn"
local net = nn.Sequential "layers"
