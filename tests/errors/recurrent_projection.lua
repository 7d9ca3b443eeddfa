-- EXPECT: not supported yet
-- EXPECT: nn.LSTM's proj_size
-- LINE: 5
local nn = require "nn"
local net = nn.LSTM(3, 4, { proj_size = 2 })
