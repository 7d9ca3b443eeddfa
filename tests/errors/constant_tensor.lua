-- EXPECT: this is a tensor already
-- LINE: 4
local nn = require "nn"
local c = nn.constant(nn.constant(1))
