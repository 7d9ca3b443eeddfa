-- EXPECT: nn.GRU: takes [T, B, 3] or [T, 3], not f32 [5,2,4]
-- LINE: 4
local nn = require "nn"
local y = nn.GRU(3, 4)(nn.zeros { 5, 2, 4 })
