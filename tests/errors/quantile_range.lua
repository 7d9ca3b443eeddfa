-- EXPECT: quantile: 'q' must be 0 to 1
-- LINE: 6
local nn = require "nn"
local net = nn.Linear(4, 3)
local train = nn.func { function()
  return { y = nn.ones({ 3 }):quantile(2) }
end }
return nn.program { model = net, train = train, steps = 1 }
