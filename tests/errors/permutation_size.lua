-- EXPECT: nn.random.permutation: 'n' must be a whole number of at least 1
-- LINE: 6
local nn = require "nn"
local net = nn.Linear(4, 3)
local train = nn.func { function()
  return { y = nn.random.permutation(0) }
end }
return nn.program { model = net, train = train, steps = 1 }
