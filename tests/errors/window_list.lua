-- EXPECT: window: 'size' has 1 numbers for 2 dimensions
-- LINE: 6
local nn = require "nn"
local net = nn.Linear(4, 3)
local train = nn.func { function()
  return { y = nn.ones({ 5, 4 }):window { dims = { 1, 2 }, size = { 3 } } }
end }
return nn.program { model = net, train = train, steps = 1 }
