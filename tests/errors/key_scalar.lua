-- EXPECT: nn.with: a key is one number
-- LINE: 6
local nn = require "nn"
local net = nn.Linear(4, 3)
local train = nn.func { function()
  return { y = nn.with({ key = nn.iota(2) }, nn.random.uniform, { 2 }) }
end }
return nn.program { model = net, train = train, steps = 1 }
