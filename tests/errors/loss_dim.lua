-- EXPECT: nn.cross_entropy: no dimension 3: f32 [2,3] has dimensions 1 to 2
-- LINE: 4
local nn = require "nn"
local l = nn.cross_entropy(nn.ones { 2, 3 }, nn.iota(2), { dim = 3 })
