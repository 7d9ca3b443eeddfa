-- EXPECT: Conv2d: takes a batch [N, C, H, W], not f32 [5]
-- LINE: 6
local nn = require "nn"
local net = nn.Conv2d(3, 4, 3)
local train = nn.func { function()
  return { y = net(nn.ones { 5 }) }
end }
return nn.program { model = net, train = train, steps = 1 }
