-- EXPECT: nn.random.integers: 'high' must be below 2^31, as i32 is, not 1099511627776
-- LINE: 5
local nn = require "nn"
local f = nn.func { function()
  return { most = nn.random.integers({ 4 }, 0, 1 << 40):max() }
end }
return nn.program { name = "integers", f = f, run = { steps = 1, step = f } }
