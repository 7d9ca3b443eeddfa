-- EXPECT: split: f32 [4,3], dimension 1: the sizes add up to 3
-- LINE: 6
local nn = require "nn"
local net = nn.Linear(4, 3)
local train = nn.func { function()
  return { y = nn.ones({ 4, 3 }):split({ 1, 2 })[1] }
end }
return nn.program { model = net, train = train, steps = 1 }
