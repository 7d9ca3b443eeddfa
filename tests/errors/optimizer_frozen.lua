-- EXPECT: nn.SGD: takes parameters
-- LINE: 4
local nn = require "nn"
local opt = nn.SGD { nn.buffer { 3 }, lr = 0.1 }
