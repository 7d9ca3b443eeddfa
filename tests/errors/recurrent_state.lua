-- EXPECT: nn.LSTM: takes { h, c } of [2,2,4], not f32 [1,2,4]
-- LINE: 5
local nn = require "nn"
local zeros = nn.zeros { 1, 2, 4 }
local y = nn.LSTM(3, 4, { num_layers = 2 })(nn.zeros { 5, 2, 3 }, { zeros, zeros })
