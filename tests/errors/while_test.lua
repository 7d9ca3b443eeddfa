-- EXPECT: nn.while_loop
-- LINE: 5
local nn = require "nn"
local f = nn.func { function()
  local y = nn.while_loop(function(c) return c end, function(c) return c * 2 end, 1.0)
  return { y = y }
end }
return nn.program { f = f, run = { steps = 1, step = f } }
