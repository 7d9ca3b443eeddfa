-- EXPECT: nn.data.records: no dtype 'u61'
-- LINE: 4
local nn = require "nn"
local t = nn.data.records { file = "a.bin", record = { { "x", 3, dtype = "u61" } } }
