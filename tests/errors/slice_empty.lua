-- EXPECT: slice: nothing left of f32 [5], dimension 1, from 4 to 2
-- LINE: 6
local nn = require "nn"
local net = nn.Linear(4, 3)
local train = nn.func { function()
  return { y = nn.ones({ 5 }):slice(1, 4, 2) }
end }
return nn.program { model = net, train = train, steps = 1 }
