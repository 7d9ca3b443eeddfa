-- EXPECT: nn.custom_gradient: its backward function reads
-- EXPECT: pass it to the function as an argument
-- LINE: 6
local nn = require "nn"
local p, q = nn.parameter({}, 1), nn.parameter({}, 2)
local times = nn.custom_gradient(function(x) return x * q end, function(_, dy) return dy * q end)
local f = nn.func { function()
  local y = nn.scan(function(c) return times(c) end, nn.value(p), nil, { length = 3 })
  return { g = nn.grad(y, p) }
end }
return nn.program { model = { p = p, q = q }, f = f, run = { steps = 1, step = f } }
