-- EXPECT: nn.cond: its two functions return f32 [1] and f32 [2]
-- LINE: 5
local nn = require "nn"
local f = nn.func { function()
  local y = nn.cond(nn.full({}, 1.0):gt(0), function() return nn.ones { 1 } end, function() return nn.ones { 2 } end)
  return { y = y:sum() }
end }
return nn.program { f = f, run = { steps = 1, step = f } }
