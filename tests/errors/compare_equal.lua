-- EXPECT: '==' on a tensor
-- EXPECT: :eq (or :ne)
-- LINE: 8
local nn = require "nn"
local net = nn.Linear(4, 3)
local train = nn.func { function()
  local x, y = nn.ones {}, nn.zeros {}
  if x == y then x = x / 2 end
  return { x = x }
end }
return nn.program { model = net, train = train, steps = 1 }
