-- EXPECT: scatter: the source must be [2,2]
-- LINE: 6
local nn = require "nn"
local net = nn.Linear(4, 3)
local train = nn.func { function()
  return { y = nn.zeros({ 4, 2 }):scatter(1, nn.iota(2), nn.ones { 2, 3 }, "set") }
end }
return nn.program { model = net, train = train, steps = 1 }
