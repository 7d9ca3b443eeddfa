-- EXPECT: input 'n': the built program reads the file that cuts a text into tokens: give their numbers here, or the text as --g.n
-- LINE: 6
local nn = require "nn"
local g = nn.func { inputs = { n = nn.input({ 2 }, "i32", 0) }, function(i) return { y = i.n:sum() } end }
local words = nn.data.bpe { file = "a.txt", size = 4 }
return nn.program { g = g, data = { words = words }, run = { steps = 1, step = { g, inputs = { n = "ac" } } } }
