-- EXPECT: nn.one_hot: the index must be whole numbers, not f32
-- LINE: 6
local nn = require "nn"
local net = nn.Linear(4, 3)
local train = nn.func { function()
  return { y = nn.one_hot(nn.ones { 3 }, 4) }
end }
return nn.program { model = net, train = train, steps = 1 }
