-- EXPECT: nn.LSTM: 'dropout' must be at least 0 and below 1, not 1
-- LINE: 4
local nn = require "nn"
local rnn = nn.LSTM(8, 3, { dropout = 1 })
