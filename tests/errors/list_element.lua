-- EXPECT: lists hold numbers, not a string
-- LINE: 4
local nn = require "nn"
local c = nn.constant { 1, "two" }
