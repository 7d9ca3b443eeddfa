-- EXPECT: nn.random: nn.LBFGS calls this function more than once and must find the same loss each time, so that nothing may be drawn in it (draw before, into a buffer)
-- LINE: 8
local nn = require "nn"
local net = nn.Sequential { nn.Linear(2, 4), nn.Dropout(0.5), nn.Linear(4, 1) }
local opt = nn.LBFGS { net }
local train = nn.func { mode = "train", function()
  return { loss = opt:step(function()
    return net(nn.ones { 3, 2 }):mean()
  end) }
end }
return nn.program { model = net, train = train, run = { steps = 1, step = train } }
