-- EXPECT: was made in
-- LINE: 7
local nn = require "nn"
local f = nn.func { function()
  local leaked
  nn.scan(function(c) leaked = c * 2 return c end, 1.0, nil, { length = 3 })
  return { y = leaked + 1 }
end }
return nn.program { f = f, run = { steps = 1, step = f } }
