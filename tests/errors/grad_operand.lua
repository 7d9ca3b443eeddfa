-- EXPECT: nn.grad: its first argument must be a tensor or a state, not a number
-- LINE: 6
local nn = require "nn"
local net = nn.Linear(4, 3)
local train = nn.func { function()
  return { g = nn.grad(3, nn.ones { 2 }) }
end }
return nn.program { model = net, train = train, steps = 1 }
