-- EXPECT: add: shapes do not broadcast: a [2,3] and b [2,4]
-- EXPECT: a [2,3] was made here
-- EXPECT: b [2,4] was made here
-- LINE: 10
local nn = require "nn"
local net = nn.Linear(4, 3)
local train = nn.func { function()
  local a = nn.ones { 2, 3 }
  local b = nn.ones { 2, 4 }
  return { y = a + b }
end }
return nn.program { model = net, train = train, steps = 1 }
