-- EXPECT: nn.while_loop: its test assigns state
-- LINE: 6
local nn = require "nn"
local n = nn.buffer({}, 0)
local f = nn.func { function()
  local y = nn.while_loop(function(c) nn.assign(n, n + 1) return c:lt(9) end, function(c) return c * 2 end, 1.0)
  return { y = y }
end }
return nn.program { state = { n = n }, f = f, run = { steps = 1, step = f } }
