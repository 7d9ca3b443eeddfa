-- EXPECT: nn.conv_transpose2d: no field 'bias'
-- LINE: 4
local nn = require "nn"
local y = nn.conv_transpose2d(nn.ones { 1, 2, 5, 5 }, nn.ones { 2, 4, 3, 3 }, nil, { bias = false })
