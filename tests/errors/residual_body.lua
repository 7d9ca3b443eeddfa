-- EXPECT: nn.Residual: takes a module or a function, not a number
-- LINE: 4
local nn = require "nn"
local block = nn.Residual(3)
