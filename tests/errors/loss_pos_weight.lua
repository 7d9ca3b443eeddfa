-- EXPECT: nn.binary_cross_entropy_with_logits: 'pos_weight' must be a number or a tensor that broadcasts to [2,3], not f32 [2]
-- LINE: 4
local nn = require "nn"
local l = nn.binary_cross_entropy_with_logits(nn.ones { 2, 3 }, nn.ones { 2, 3 }, { pos_weight = nn.ones { 2 } })
