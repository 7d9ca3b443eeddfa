-- EXPECT: gather: the index must be whole numbers, not f32
-- LINE: 6
local nn = require "nn"
local net = nn.Linear(4, 3)
local train = nn.func { function()
  return { y = nn.ones({ 4, 2 }):gather(1, nn.ones { 3 }) }
end }
return nn.program { model = net, train = train, steps = 1 }
