-- EXPECT: unsqueeze: no dimension 5
-- LINE: 6
local nn = require "nn"
local net = nn.Linear(4, 3)
local train = nn.func { function()
  return { y = nn.ones({ 4, 3 }):unsqueeze(5) }
end }
return nn.program { model = net, train = train, steps = 1 }
