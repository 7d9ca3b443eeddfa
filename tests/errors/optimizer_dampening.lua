-- EXPECT: nn.SGD: needs a dampening of 0 for nesterov
-- LINE: 4
local nn = require "nn"
local opt = nn.SGD { nn.Linear(2, 2), lr = 0.1, momentum = 0.9, dampening = 0.1, nesterov = true }
