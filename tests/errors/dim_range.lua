-- EXPECT: sum: no dimension 3
-- EXPECT: x [2,3] has dimensions 1 to 2
-- EXPECT: x [2,3] was made here
-- LINE: 9
local nn = require "nn"
local net = nn.Linear(4, 3)
local train = nn.func { function()
  local x = nn.ones { 2, 3 }
  return { y = x:sum(3) }
end }
return nn.program { model = net, train = train, steps = 1 }
