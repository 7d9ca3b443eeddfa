-- EXPECT: nn.cond: without a second function the first one may assign, but returns nothing
-- LINE: 5
local nn = require "nn"
local f = nn.func { function()
  local y = nn.cond(nn.full({}, 1.0):gt(0), function() return nn.ones { 1 } end)
  return { y = nn.ones { 1 } }
end }
return nn.program { f = f, run = { steps = 1, step = f } }
