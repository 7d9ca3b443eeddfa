-- EXPECT: prelu: shapes differ: f32 [2,3,4] and f32 [5]
-- LINE: 4
local nn = require "nn"
local y = nn.prelu(nn.ones { 2, 3, 4 }, nn.ones { 5 })
