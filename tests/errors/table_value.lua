-- EXPECT: nn.data.table: 'x' must be a list of rows or nn.constant of at least one dimension, not f32 []
-- LINE: 6
local nn = require "nn"


local t = nn.data.table { x = nn.constant(1.5) }
