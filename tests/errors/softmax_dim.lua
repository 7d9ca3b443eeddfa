-- EXPECT: softmax: no dimension 0: f32 [2,3] has dimensions 1 to 2
-- LINE: 4
local nn = require "nn"
local y = nn.ones({ 2, 3 }):softmax(0)
