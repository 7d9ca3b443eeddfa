-- EXPECT: not supported yet
-- EXPECT: scatter with "set"
-- LINE: 7
local nn = require "nn"
local net = nn.Linear(4, 3)
local train = nn.func { function()
  return { y = nn.zeros({ 4 }):scatter(1, nn.iota(2), nn.ones { 2 }, "set") }
end }
return nn.program { model = net, train = train, steps = 1 }
