-- EXPECT: nn.program: 'count' is a state and no function: states stand in `model`, or in `state = { count = … }`
-- LINE: 6
local nn = require "nn"
local count = nn.buffer({}, 0)
local f = nn.func { function() return { y = count + 1 } end }
return nn.program { f = f, count = count, run = { steps = 1, step = f } }
