-- EXPECT: nn.group_norm: 'weight' must be a tensor [4], not f32 [3]
-- LINE: 4
local nn = require "nn"
local y = nn.group_norm(nn.ones { 2, 4, 3 }, 2, nn.ones { 3 })
