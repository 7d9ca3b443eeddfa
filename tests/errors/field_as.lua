-- EXPECT: nn.data.records: the field 'x' cannot be taken as 'pixels': as is a dtype, or "pixels" for u8; it is i32
-- LINE: 4
local nn = require "nn"
local t = nn.data.records { file = "a.bin", record = { { "x", 3, dtype = "i16", as = "pixels" } } }
