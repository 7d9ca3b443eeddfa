-- EXPECT: grad: takes floats, not i32
-- LINE: 7
local nn = require "nn"
local net = nn.Linear(4, 3)
local train = nn.func { function()
  local x = nn.iota(3)
  return { g = nn.grad(x:cast("f32"):sum(), x) }
end }
return nn.program { model = net, train = train, steps = 1 }
