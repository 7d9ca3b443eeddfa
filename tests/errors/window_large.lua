-- EXPECT: window: a window of 3 with dilation 2 does not fit in dimension 2 (of 4): f32 [5,4]
-- LINE: 6
local nn = require "nn"
local net = nn.Linear(4, 3)
local train = nn.func { function()
  return { y = nn.ones({ 5, 4 }):window { dims = 2, size = 3, dilation = 2 } }
end }
return nn.program { model = net, train = train, steps = 1 }
