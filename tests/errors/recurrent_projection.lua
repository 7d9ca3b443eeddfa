-- EXPECT: nn.LSTM: 'proj_size' must be below the hidden_size of 4, not 4
-- LINE: 4
local nn = require "nn"
local net = nn.LSTM(3, 4, { proj_size = 4 })
