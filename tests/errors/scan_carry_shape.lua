-- EXPECT: nn.scan: a carry keeps its shape and dtype: it came in as f32 [3] and is handed on as f32 [2]
-- LINE: 5
local nn = require "nn"
local f = nn.func { function()
  local y = nn.scan(function(c) return c:slice(1, 1, 2) end, nn.ones { 3 }, nil, { length = 4 })
  return { y = y:sum() }
end }
return nn.program { f = f, run = { steps = 1, step = f } }
