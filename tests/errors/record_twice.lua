-- EXPECT: nn.data.records: the record has the field 'x' twice
-- LINE: 4
local nn = require "nn"
local t = nn.data.records { file = "a.bin", record = { { "x", 3 }, { "x" } } }
