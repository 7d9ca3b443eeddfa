-- EXPECT: exp: takes 1 operands (the first one of a method is the tensor itself), not 2
-- LINE: 6
local nn = require "nn"
local net = nn.Linear(4, 3)
local train = nn.func { function()
  return { y = nn.ones({ 2 }):exp(3) }
end }
return nn.program { model = net, train = train, steps = 1 }
