-- EXPECT: nn.edit_distance: takes labels [N, S] and [N, S'], not i32 [3,4], i32 [2,4]
-- LINE: 4
local nn = require "nn"
local d = nn.edit_distance(nn.zeros({ 3, 4 }, "i32"), { 4, 4, 4 }, nn.zeros({ 2, 4 }, "i32"), { 4, 4 })
