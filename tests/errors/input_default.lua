-- EXPECT: nn.input: the value is [2], the shape [3]
-- LINE: 4
local nn = require "nn"
local x = nn.input({ 3 }, "f32", { 1, 2 })
