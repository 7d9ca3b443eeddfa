-- EXPECT: nn.functional_call: the value f32 [2] stands for the state f32 [3]
-- LINE: 6
local nn = require "nn"
local p = nn.parameter({ 3 }, 1)
local f = nn.func { function()
  local _, y = nn.functional_call(p, nn.ones { 2 }, function() return p:sum() end)
  return { y = y }
end }
return nn.program { model = p, f = f, run = { steps = 1, step = f } }
