-- EXPECT: nn.scan: f32 [4,2] does not have 3 rows, as f32 [3] has
-- LINE: 5
local nn = require "nn"
local f = nn.func { function()
  local y = nn.scan(function(c, r) return c + r.a end, 0.0, { a = nn.ones { 3 }, b = nn.ones { 4, 2 } })
  return { y = y }
end }
return nn.program { f = f, run = { steps = 1, step = f } }
