-- EXPECT: nn.ctc_loss: takes log probabilities [T, N, C], not f32 [6,5]
-- LINE: 4
local nn = require "nn"
local loss = nn.ctc_loss(nn.zeros { 6, 5 }, nn.zeros({ 2, 3 }, "i32"), { 6, 6 }, { 3, 3 })
