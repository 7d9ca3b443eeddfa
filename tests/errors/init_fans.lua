-- EXPECT: shapes of at least two dimensions, [out, in], not [3]
-- LINE: 4
local nn = require "nn"
local p = nn.parameter({ 3 }, nn.init.xavier_uniform())
