-- EXPECT: matmul: inner sizes differ: h [32,128] x w2 [64,10] (128 vs 64)
-- EXPECT: h [32,128] was made here
-- EXPECT: w2 [64,10] was made here
-- LINE: 10
local nn = require "nn"
local net = nn.Linear(4, 3)
local train = nn.func { function()
  local h = nn.ones { 32, 128 }
  local w2 = nn.ones { 64, 10 }
  local z = h:matmul(w2)
  return { z = z }
end }
return nn.program { model = net, train = train, steps = 1 }
