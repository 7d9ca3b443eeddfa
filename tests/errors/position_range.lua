-- EXPECT: select: x [2,3], dimension 1 has no position 3
-- LINE: 7
local nn = require "nn"
local net = nn.Linear(4, 3)
local train = nn.func { function()
  local x = nn.ones { 2, 3 }
  return { y = x[3] }
end }
return nn.program { model = net, train = train, steps = 1 }
