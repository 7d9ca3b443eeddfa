-- EXPECT: nn.vmap: its function assigns state
-- LINE: 6
local nn = require "nn"
local n = nn.buffer({}, 0)
local f = nn.func { function()
  local y = nn.vmap(function(x) nn.assign(n, n + 1) return x * 2 end, nn.ones { 3 })
  return { y = y:sum() }
end }
return nn.program { state = { n = n }, f = f, run = { steps = 1, step = f } }
