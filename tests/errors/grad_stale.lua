-- EXPECT: was computed from an older version of 'p' than the one asked for
-- LINE: 8
local nn = require "nn"
local p = nn.parameter { 3 }
local f = nn.func { function()
  local l = (p * p):sum()
  nn.assign(p, 1)
  return { g = nn.grad(l, p) }
end }
return nn.program { model = { p = p }, f = f, run = { steps = 1, step = f } }
