-- EXPECT: inputs are values of nn.input, not a number
-- LINE: 4
local nn = require "nn"
local f = nn.func { inputs = { x = 3 }, function() return {} end }
