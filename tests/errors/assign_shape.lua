-- EXPECT: assign: the state 'b' is f32 [3], the value f32 [2]
-- LINE: 6
local nn = require "nn"
local b = nn.buffer { 3 }
local f = nn.func { function()
  nn.assign(b, nn.ones { 2 })
end }
return nn.program { state = { b = b }, f = f, run = { steps = 1, step = f } }
