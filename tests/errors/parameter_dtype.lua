-- EXPECT: parameters are floats, not i32
-- LINE: 4
local nn = require "nn"
local p = nn.parameter({ 3 }, 0, "i32")
