-- EXPECT: nn.LSTM: takes { h, c } of [1,2,2] and [1,2,4], not f32 [1,2,4]
-- LINE: 7
local nn = require "nn"
local net = nn.LSTM(3, 4, { proj_size = 2 })
local h = nn.zeros { 1, 2, 4 }
local train = nn.func { function()
  local y = net(nn.zeros { 5, 2, 3 }, { h, h })
  return { y = y:sum() }
end }
return nn.program { name = "m", model = net, train = train, run = { steps = 1, step = train } }
