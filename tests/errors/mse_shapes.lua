-- EXPECT: nn.mse_loss: shapes differ: f32 [2,1] and f32 [2]
-- LINE: 6
local nn = require "nn"
local net = nn.Linear(4, 3)
local train = nn.func { function()
  return { l = nn.mse_loss(nn.ones { 2, 1 }, nn.ones { 2 }) }
end }
return nn.program { model = net, train = train, steps = 1 }
