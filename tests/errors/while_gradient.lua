-- EXPECT: no reverse derivative passes a while_loop
-- EXPECT: nn.scan
-- EXPECT: nn.custom_gradient
-- LINE: 8
local nn = require "nn"
local p = nn.parameter({}, 1)
local f = nn.func { function()
  local y = nn.while_loop(function(c) return c:lt(9) end, function(c) return c * 2 end, nn.value(p))
  return { g = nn.grad(y, p) }
end }
return nn.program { model = p, f = f, run = { steps = 1, step = f } }
