-- EXPECT: tensors are values and cannot be changed
-- LINE: 7
local nn = require "nn"
local net = nn.Linear(4, 3)
local train = nn.func { function()
  local x = nn.ones { 3 }
  x[1] = 0
  return { x = x }
end }
return nn.program { model = net, train = train, steps = 1 }
