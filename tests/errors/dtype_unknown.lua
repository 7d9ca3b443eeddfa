-- EXPECT: nn.constant: no dtype 'float32'
-- LINE: 4
local nn = require "nn"
local c = nn.constant(1.5, "float32")
