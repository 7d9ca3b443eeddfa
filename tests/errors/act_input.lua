-- EXPECT: the function 'g' reads no input 'numberr' (did you mean 'number'?)
-- LINE: 6
local nn = require "nn"
local g = nn.func { inputs = { number = nn.input({ 2 }, "i32") }, function(i) return { y = i.number:sum() } end }
local text = nn.data.table { x = { 0, 1 }, vocabulary = "ab" }
return nn.program { g = g, run = { steps = 1, step = { g, inputs = { numberr = 3 } } } }
