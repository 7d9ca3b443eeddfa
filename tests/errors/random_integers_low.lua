-- EXPECT: nn.random.integers: low must be a whole number, not nil
-- LINE: 5
local nn = require "nn"
local f = nn.func { function()
  return { most = nn.random.integers({ 4 }, nil, 3):max() }
end }
return nn.program { name = "integers", f = f, run = { steps = 1, step = f } }
