-- EXPECT: the initial value must be a number, a tensor or a function of the shape, not a string
-- LINE: 4
local nn = require "nn"
local p = nn.parameter({ 3 }, "zeros")
