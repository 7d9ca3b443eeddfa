-- EXPECT: Conv1d: a circular padding of 6 is more than there is to repeat: f32 [2,3,5]
-- LINE: 6
local nn = require "nn"
local net = nn.Conv1d(3, 4, 3, { padding = 6, padding_mode = "circular" })
local train = nn.func { function()
  return { y = net(nn.ones { 2, 3, 5 }) }
end }
return nn.program { model = net, train = train, steps = 1 }
