-- EXPECT: nn.full: takes one number
-- LINE: 6
local nn = require "nn"
local net = nn.Linear(4, 3)
local train = nn.func { function()
  return { y = nn.full({ 2 }, nn.iota(2)) }
end }
return nn.program { model = net, train = train, steps = 1 }
