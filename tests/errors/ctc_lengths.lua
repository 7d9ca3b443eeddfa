-- EXPECT: nn.ctc_loss: takes input lengths [2], not a list of 3
-- LINE: 4
local nn = require "nn"
local loss = nn.ctc_loss(nn.zeros { 6, 2, 5 }, nn.zeros({ 2, 3 }, "i32"), { 6, 6, 6 }, { 3, 3 })
