-- EXPECT: nn.conv2d: 'bias' must be a tensor [4], not f32 [3]
-- LINE: 4
local nn = require "nn"
local y = nn.conv2d(nn.ones { 1, 2, 5, 5 }, nn.ones { 4, 2, 3, 3 }, nn.ones { 3 })
