-- EXPECT: nn.ctc_loss: 'blank' must be a class from 0 to 4, not 5
-- LINE: 4
local nn = require "nn"
local loss = nn.ctc_loss(nn.zeros { 6, 2, 5 }, nn.zeros({ 2, 3 }, "i32"), { 6, 6 }, { 3, 3 }, { blank = 5 })
