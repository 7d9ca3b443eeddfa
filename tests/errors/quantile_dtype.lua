-- EXPECT: quantile: takes floats, not i32
-- LINE: 6
local nn = require "nn"
local net = nn.Linear(4, 3)
local train = nn.func { function()
  return { y = nn.iota(3):quantile(0.5) }
end }
return nn.program { model = net, train = train, steps = 1 }
