-- EXPECT: a tree holds tensors, states, modules and tables of them, not a string
-- LINE: 6
local nn = require "nn"
local net = nn.Linear(4, 3)
local train = nn.func { function()
  return nn.map(function(x) return x end, { y = nn.ones { 2 }, z = "no" })
end }
return nn.program { model = net, train = train, steps = 1 }
