-- EXPECT: '#' on a tensor
-- LINE: 6
local nn = require "nn"
local net = nn.Linear(4, 3)
local train = nn.func { function()
  return { n = #nn.ones { 3 } }
end }
return nn.program { model = net, train = train, steps = 1 }
