-- EXPECT: nn.scan: 7 turns do not divide into 3 segments of 2
-- LINE: 5
local nn = require "nn"
local f = nn.func { function()
  local y = nn.scan(function(c) return c * 0.5 end, 1.0, nil, { length = 7, unroll = 2 })
  return { y = y }
end }
return nn.program { f = f, run = { steps = 1, step = f } }
