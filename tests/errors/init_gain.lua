-- EXPECT: nn.init.gain: no mode 'rleu'
-- LINE: 4
local nn = require "nn"
local gain = nn.init.gain "rleu"
