-- EXPECT: nn.scan: 'unroll' does not go with 'checkpoint'
-- LINE: 5
local nn = require "nn"
local f = nn.func { function()
  local y = nn.scan(function(c) return c * 0.5 end, 1.0, nil, { length = 6, unroll = 2, checkpoint = 3 })
  return { y = y }
end }
return nn.program { f = f, run = { steps = 1, step = f } }
