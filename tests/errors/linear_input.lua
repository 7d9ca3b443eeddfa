-- EXPECT: nn.Linear: takes a last dimension of 4, not f32 [2,5]
-- LINE: 6
local nn = require "nn"
local net = nn.Linear(4, 3)
local train = nn.func { function()
  return { y = net(nn.ones { 2, 5 }) }
end }
return nn.program { model = net, train = train, steps = 1 }
