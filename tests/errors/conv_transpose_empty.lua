-- EXPECT: ConvTranspose1d: a padding of 3 leaves nothing of the output: f32 [2,3,2]
-- LINE: 6
local nn = require "nn"
local net = nn.ConvTranspose1d(3, 4, 2, { padding = 3 })
local train = nn.func { function()
  return { y = net(nn.ones { 2, 3, 2 }) }
end }
return nn.program { model = net, train = train, steps = 1 }
