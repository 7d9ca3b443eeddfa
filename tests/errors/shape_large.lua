-- EXPECT: more than 2^40 elements
-- LINE: 6
local nn = require "nn"
local net = nn.Linear(4, 3)
local train = nn.func { function()
  return { y = nn.zeros { 1 << 21, 1 << 21 } }
end }
return nn.program { model = net, train = train, steps = 1 }
