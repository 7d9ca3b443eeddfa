-- EXPECT: nn.Linear: 'outputs' must be a number, not nil
-- LINE: 4
local nn = require "nn"
local net = nn.Linear(784)
