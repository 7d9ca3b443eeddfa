-- EXPECT: was made in 'a' and does not exist in 'b'
-- EXPECT: was made here
-- LINE: 7
local nn = require "nn"
local kept
local a = nn.func { function() kept = nn.ones { 2 } * 2; return { y = kept } end }
local b = nn.func { function() return { y = kept + 1 } end }
return nn.program { a = a, b = b, run = { steps = 1, step = { a, b } } }
