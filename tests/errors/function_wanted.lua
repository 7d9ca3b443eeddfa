-- EXPECT: nn.evaluate: 'loss' must be a function, not a number
-- LINE: 4
local nn = require "nn"
local v = nn.evaluate { on = "test", loss = 3 }
