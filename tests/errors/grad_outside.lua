-- EXPECT: depends on
-- EXPECT: also by way of f32 []
-- LINE: 10
local nn = require "nn"
local p = nn.parameter({}, 1)
local f = nn.func { function()
  local x = nn.value(p)
  local z = x * x
  local y = nn.scan(function(c)
    return c - nn.grad(z * c + x, x)
  end, 1.0, nil, { length = 3 })
  return { y = y }
end }
return nn.program { model = p, f = f, run = { steps = 1, step = f } }
