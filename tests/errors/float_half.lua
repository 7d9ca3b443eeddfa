-- EXPECT: not supported yet
-- EXPECT: f16
-- LINE: 5
local nn = require "nn"
local w = nn.parameter({ 3 }, 0, "f16")
