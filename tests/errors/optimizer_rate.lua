-- EXPECT: nn.SGD: needs lr, a learning rate
-- LINE: 4
local nn = require "nn"
local opt = nn.SGD { nn.Linear(2, 2) }
