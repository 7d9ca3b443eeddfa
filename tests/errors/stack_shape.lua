-- EXPECT: nn.scan
-- EXPECT: f32 [2,4]
-- EXPECT: f32 [2,5]
-- LINE: 8
local nn = require "nn"
local net = nn.Stack(3, function() return nn.Linear(4, 5) end)
local f = nn.func { function()
  return { y = net(nn.zeros { 2, 4 }) }
end }
return nn.program { model = net, f = f, run = { steps = 1, step = f } }
