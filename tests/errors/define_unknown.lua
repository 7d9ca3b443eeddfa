-- EXPECT: -D widht: the model asks for no such nn.arg
-- EXPECT: did you mean width?
-- ARGS: @ -D widht=4 -o out.c
local nn = require "nn"
local w = nn.arg("width", 3)
local p = nn.parameter { w }
return nn.program { model = p, steps = 1, train = nn.func { function() return { p = nn.value(p) } end } }
