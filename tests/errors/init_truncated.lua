-- EXPECT: nn.init.trunc_normal: 'high' must be above low, not -3
-- LINE: 4
local nn = require "nn"
local w = nn.parameter({ 3, 3 }, nn.init.trunc_normal(0, 1, -2, -3))
