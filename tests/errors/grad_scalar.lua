-- EXPECT: needs a scalar or a cotangent: y [3]
-- LINE: 8
local nn = require "nn"
local net = nn.Linear(4, 3)
local train = nn.func { function()
  local x = nn.ones { 3 }
  local y = x * 2
  return { g = nn.grad(y, x) }
end }
return nn.program { model = net, train = train, steps = 1 }
