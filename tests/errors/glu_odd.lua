-- EXPECT: glu: takes an even size to halve, not f32 [3,5]
-- LINE: 4
local nn = require "nn"
local y = nn.glu(nn.ones { 3, 5 })
