-- EXPECT: nn.scan
-- LINE: 5
local nn = require "nn"
local f = nn.func { function()
  local y = nn.scan(function(c) return c end, 0.0)
  return { y = y }
end }
return nn.program { f = f, run = { steps = 1, step = f } }
