-- EXPECT: concat: shapes differ: f32 [2,3] and f32 [3,4]
-- LINE: 6
local nn = require "nn"
local net = nn.Linear(4, 3)
local train = nn.func { function()
  return { y = nn.concat({ nn.ones { 2, 3 }, nn.ones { 3, 4 } }, 1) }
end }
return nn.program { model = net, train = train, steps = 1 }
