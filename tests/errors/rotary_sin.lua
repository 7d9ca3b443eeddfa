-- EXPECT: nn.rotary: 'sin' must be a tensor [4,2], not f32 [4,3]
-- LINE: 4
local nn = require "nn"
local y = nn.rotary(nn.ones { 4, 4 }, nn.ones { 4, 2 }, nn.ones { 4, 3 })
