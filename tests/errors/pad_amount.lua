-- EXPECT: pad: amounts are at least 0
-- LINE: 6
local nn = require "nn"
local net = nn.Linear(4, 3)
local train = nn.func { function()
  return { y = nn.ones({ 5 }):pad(1, -1, 2) }
end }
return nn.program { model = net, train = train, steps = 1 }
