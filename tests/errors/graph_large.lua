-- EXPECT: operations: a Lua loop unrolls here
-- LINE: 7
local nn = require "nn"
local net = nn.Linear(4, 3)
local train = nn.func { function()
  local x = nn.ones { 2 }
  for i = 1, 1e8 do x = x * 2 end
  return { x = x }
end }
return nn.program { model = net, train = train, steps = 1 }
