-- EXPECT: nn.cross_entropy: shapes differ: f32 [2,3] and i32 [3]
-- LINE: 6
local nn = require "nn"
local net = nn.Linear(4, 3)
local train = nn.func { function()
  return { l = nn.cross_entropy(nn.ones { 2, 3 }, nn.iota(3)) }
end }
return nn.program { model = net, train = train, steps = 1 }
