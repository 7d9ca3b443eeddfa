-- EXPECT: the result of this 'lt' is never used
-- LINE: 7
local nn = require "nn"
local net = nn.Linear(4, 3)
local train = nn.func { function()
  local x = nn.ones {}
  if x:gt(3) then x = x / 2 end
  return { x = x }
end }
return nn.program { model = net, train = train, steps = 1 }
