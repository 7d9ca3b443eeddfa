-- EXPECT: nn.cross_entropy: 'label_smoothing' must be between 0 and 1, not 2
-- LINE: 4
local nn = require "nn"
local l = nn.cross_entropy(nn.ones { 2, 3 }, nn.iota(2), { label_smoothing = 2 })
