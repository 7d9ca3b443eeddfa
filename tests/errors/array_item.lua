-- EXPECT: nn.data.npy: the field 'x' is { file = "x.npy", sizes…, dtype = "f32" }, not a string
-- LINE: 4
local nn = require "nn"
local t = nn.data.npy { x = "x.npy" }
