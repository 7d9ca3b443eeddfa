-- EXPECT: nn.searchsorted: shapes differ: f32 [3,4] and f32 [2,6]
-- LINE: 4
local nn = require "nn"
local y = nn.searchsorted(nn.ones { 3, 4 }, nn.ones { 2, 6 })
