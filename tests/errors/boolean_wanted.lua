-- EXPECT: nn.Linear: 'bias' must be true or false, not a number
-- LINE: 4
local nn = require "nn"
local net = nn.Linear(4, 3, { bias = 0 })
