-- EXPECT: nn.assign: takes a parameter or a buffer, not a tensor
-- LINE: 6
local nn = require "nn"
local net = nn.Linear(4, 3)
local train = nn.func { function()
  nn.assign(nn.ones { 2 }, 0)
  return {}
end }
return nn.program { model = net, train = train, steps = 1 }
