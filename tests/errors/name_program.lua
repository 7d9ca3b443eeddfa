-- EXPECT: nn.program's name: 'two
-- LINE: 6
local nn = require "nn"
local w = nn.parameter({ 4 }, 1)
local f = nn.func { function() return { sum = nn.value(w):sum() } end }
return nn.program { name = "two\nlines", model = { w = w }, f = f, run = { steps = 1, step = f } }
