-- EXPECT: nn.cond
-- EXPECT: bool
-- LINE: 6
local nn = require "nn"
local f = nn.func { function()
  local y = nn.cond(nn.ones { 2 }:gt(0), function() return nn.ones { 1 } end, function() return nn.ones { 1 } end)
  return { y = y:sum() }
end }
return nn.program { f = f, run = { steps = 1, step = f } }
