-- EXPECT: nn.scan: its body must return the carry in the form in which it came
-- LINE: 5
local nn = require "nn"
local f = nn.func { function()
  local y = nn.scan(function(c) return { a = c.a } end, { a = 0.0, b = 1.0 }, nil, { length = 4 })
  return { y = y.a }
end }
return nn.program { f = f, run = { steps = 1, step = f } }
