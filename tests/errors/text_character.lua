-- EXPECT: input 'n': 'c' is no character of the vocabulary
-- LINE: 6
local nn = require "nn"
local g = nn.func { inputs = { n = nn.input({ 2 }, "i32") }, function(i) return { y = i.n:sum() } end }
local text = nn.data.table { x = { 0, 1 }, vocabulary = "ab" }
return nn.program { g = g, data = { text = text }, run = { steps = 1, step = { g, inputs = { n = "ac" } } } }
