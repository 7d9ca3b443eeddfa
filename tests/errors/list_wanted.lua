-- EXPECT: stack: takes a list of tensors, not a tensor
-- LINE: 6
local nn = require "nn"
local net = nn.Linear(4, 3)
local train = nn.func { function()
  return { y = nn.stack(nn.ones { 2 }) }
end }
return nn.program { model = net, train = train, steps = 1 }
