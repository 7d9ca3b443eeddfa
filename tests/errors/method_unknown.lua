-- EXPECT: a tensor has no 'reshpae'
-- EXPECT: did you mean 'reshape'?
-- LINE: 7
local nn = require "nn"
local net = nn.Linear(4, 3)
local train = nn.func { function()
  return { y = nn.zeros({ 2, 3 }):reshpae { 6 } }
end }
return nn.program { model = net, train = train, steps = 1 }
