-- EXPECT: Conv2d: reflecting 4 elements needs a dimension of at least 5: f32 [2,3,4,9]
-- LINE: 6
local nn = require "nn"
local net = nn.Conv2d(3, 4, 9, { padding = 4, padding_mode = "reflect" })
local train = nn.func { function()
  return { y = net(nn.ones { 2, 3, 4, 9 }) }
end }
return nn.program { model = net, train = train, steps = 1 }
