-- EXPECT: nn.data.records: a record is a list of fields { "name", sizes…, dtype = "u8" } and gaps { skip = bytes }, not of a string
-- LINE: 4
local nn = require "nn"
local t = nn.data.records { file = "a.bin", record = { "y" } }
