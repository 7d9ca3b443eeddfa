-- EXPECT: the initial value must be f32 [3], not f32 [2]
-- LINE: 4
local nn = require "nn"
local p = nn.parameter({ 3 }, function() return nn.ones { 2 } end)
