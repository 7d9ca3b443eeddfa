-- EXPECT: nn.init.xavier_uniform: 'gain' must be a number, not a string
-- LINE: 4
local nn = require "nn"
local p = nn.parameter({ 3, 3 }, nn.init.xavier_uniform("relu"))
