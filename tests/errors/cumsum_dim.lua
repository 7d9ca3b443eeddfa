-- EXPECT: cumsum: no dimension 3
-- LINE: 6
local nn = require "nn"
local net = nn.Linear(4, 3)
local train = nn.func { function()
  return { y = nn.ones({ 2, 3 }):cumsum(3) }
end }
return nn.program { model = net, train = train, steps = 1 }
