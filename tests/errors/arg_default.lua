-- EXPECT: the default of 'width' must be a number, a string or a boolean
-- LINE: 4
local nn = require "nn"
local w = nn.arg("width", {})
