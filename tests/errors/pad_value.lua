-- EXPECT: pad: 'the value' must be a number, not a string
-- LINE: 4
local nn = require "nn"
local y = nn.ones({ 2, 3 }):pad(1, 1, 1, "zeros")
