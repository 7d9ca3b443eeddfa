-- EXPECT: nn.confusion_matrix: 'classes' must be a number, not nil
-- LINE: 4
local nn = require "nn"
local m = nn.confusion_matrix(nn.iota(3), nn.iota(3))
