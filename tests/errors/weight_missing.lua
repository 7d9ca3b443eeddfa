-- EXPECT: the batch of 't' has no field 'weight'
-- LINE: 5
local nn = require "nn"
local t = nn.data.table { x = { 1.0, 2.0 } }
local f = nn.func { on = "t", function(b) return { y = b.weight:sum() } end }
return nn.program { f = f, data = { t = t }, run = { steps = 1, step = "f" } }
