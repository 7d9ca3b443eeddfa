-- EXPECT: nn.cross_entropy: labels are whole numbers, one a row, not f32 [2]
-- LINE: 6
local nn = require "nn"
local net = nn.Linear(4, 3)
local train = nn.func { function()
  return { l = nn.cross_entropy(nn.ones { 2, 3 }, nn.ones { 2 }) }
end }
return nn.program { model = net, train = train, steps = 1 }
