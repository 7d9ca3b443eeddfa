-- EXPECT: it came in as i32 [] and is handed on as f32 []
-- LINE: 5
local nn = require "nn"
local f = nn.func { function()
  local y = nn.scan(function(c) return c + 0.5 end, 0, nil, { length = 4 })
  return { y = y }
end }
return nn.program { f = f, run = { steps = 1, step = f } }
