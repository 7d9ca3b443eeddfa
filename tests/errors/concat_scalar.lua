-- EXPECT: scalars have no dimension to join along
-- LINE: 6
local nn = require "nn"
local net = nn.Linear(4, 3)
local train = nn.func { function()
  return { y = nn.concat { nn.ones {}, nn.ones {} } }
end }
return nn.program { model = net, train = train, steps = 1 }
