-- EXPECT: nn.data.table: 'x' must be a list of rows or nn.constant of at least one dimension, not f32 [2]
-- LINE: 4
local nn = require "nn"
local t = nn.data.table { x = nn.constant { 1.0, 2.0 } * 2 }
return nn.program { f = nn.func { on = "t", function(b) return { y = b.x:sum() } end }, data = { t = t }, run = { steps = 1, step = "f" } }
