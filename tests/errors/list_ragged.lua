-- EXPECT: lists of one level differ in length
-- LINE: 4
local nn = require "nn"
local c = nn.constant { { 1, 2 }, { 3 } }
