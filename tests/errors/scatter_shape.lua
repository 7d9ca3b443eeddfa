-- EXPECT: scatter
-- LINE: 6
local nn = require "nn"
local net = nn.Linear(4, 3)
local train = nn.func { function()
  return { y = nn.zeros({ 4, 2 }):scatter(1, nn.iota(3), nn.ones { 2, 2 }) }
end }
return nn.program { model = net, train = train, steps = 1 }
