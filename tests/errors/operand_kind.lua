-- EXPECT: add: takes tensors and numbers, not nil
-- LINE: 7
local nn = require "nn"
local net = nn.Linear(4, 3)
local train = nn.func { function()
  local x = nn.ones { 2 }
  return { y = x + missing }
end }
return nn.program { model = net, train = train, steps = 1 }
