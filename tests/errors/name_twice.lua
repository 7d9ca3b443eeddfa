-- EXPECT: two states have the path 'a.b'
-- LINE: 6
local nn = require "nn"
local p, q = nn.parameter { 1 }, nn.parameter { 1 }
local f = nn.func { function() return { y = (p + q):sum() } end }
return nn.program { model = { ["a.b"] = p, a = { b = q } }, f = f, run = { steps = 1, step = f } }
