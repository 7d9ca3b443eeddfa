-- EXPECT: the cotangent must be like the output
-- LINE: 7
local nn = require "nn"
local net = nn.Linear(4, 3)
local train = nn.func { function()
  local x = nn.ones { 3 }
  return { g = nn.grad(x * 2, x, { cotangent = nn.ones { 2 } }) }
end }
return nn.program { model = net, train = train, steps = 1 }
