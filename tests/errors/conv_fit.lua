-- EXPECT: Conv2d: a window of 5x5 with dilation 2x2 does not fit the padded input f32 [2,3,8,10]
-- LINE: 6
local nn = require "nn"
local net = nn.Conv2d(3, 4, 5, { padding = 1, dilation = 2 })
local train = nn.func { function()
  return { y = net(nn.ones { 2, 3, 6, 8 }) }
end }
return nn.program { model = net, train = train, steps = 1 }
