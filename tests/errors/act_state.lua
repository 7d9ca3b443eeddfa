-- EXPECT: nn.program: step names no function of the program: a state, which holds numbers
-- LINE: 6
local nn = require "nn"
local count = nn.buffer({}, 0)
local f = nn.func { function() return { y = count + 1 } end }
return nn.program { f = f, run = { steps = 1, step = count } }
