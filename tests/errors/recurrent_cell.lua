-- EXPECT: nn.LSTMCell: takes { h, c } of [2,4], not f32 [2,4]
-- LINE: 4
local nn = require "nn"
local h = nn.LSTMCell(3, 4)(nn.zeros { 2, 3 }, nn.zeros { 2, 4 })
