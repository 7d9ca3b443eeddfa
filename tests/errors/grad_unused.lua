-- EXPECT: nn.grad: y [] does not depend on b [3]
-- EXPECT: unused = "zero"
-- LINE: 9
local nn = require "nn"
local net = nn.Linear(4, 3)
local train = nn.func { function()
  local a, b = nn.ones { 3 }, nn.ones { 3 }
  local y = a:sum()
  return { g = nn.grad(y, b) }
end }
return nn.program { model = net, train = train, steps = 1 }
