-- EXPECT: argmax: takes one dimension, or none for all
-- LINE: 6
local nn = require "nn"
local net = nn.Linear(4, 3)
local train = nn.func { function()
  return { y = nn.ones({ 2, 3 }):argmax { 1, 2 } }
end }
return nn.program { model = net, train = train, steps = 1 }
