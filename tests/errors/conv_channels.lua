-- EXPECT: Conv2d: takes 3 channels, not f32 [2,4,8,8]
-- LINE: 6
local nn = require "nn"
local net = nn.Conv2d(3, 4, 3)
local train = nn.func { function()
  return { y = net(nn.ones { 2, 4, 8, 8 }) }
end }
return nn.program { model = net, train = train, steps = 1 }
