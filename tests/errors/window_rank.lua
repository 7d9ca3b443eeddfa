-- EXPECT: window: a tensor has at most 8 dimensions: 9, 4 of them new
-- LINE: 6
local nn = require "nn"
local net = nn.Linear(4, 3)
local train = nn.func { function()
  return { y = nn.ones({ 2, 2, 2, 2, 2 }):window { dims = { 1, 2, 3, 4 }, size = 2 } }
end }
return nn.program { model = net, train = train, steps = 1 }
