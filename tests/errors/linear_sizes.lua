-- EXPECT: linear: sizes differ: x [2,5] x w [3,4] (5 vs 4)
-- LINE: 7
local nn = require "nn"
local net = nn.Linear(4, 3)
local train = nn.func { function()
  local x, w = nn.ones { 2, 5 }, nn.ones { 3, 4 }
  return { y = nn.linear(x, w) }
end }
return nn.program { model = net, train = train, steps = 1 }
