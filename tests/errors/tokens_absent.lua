-- EXPECT: nn.program: the vocabulary of the text 't' is an nn.data.bpe, which `data` must have, too
-- LINE: 7
local nn = require "nn"
local g = nn.func { inputs = { n = nn.input({ 2 }, "i32", 0) }, function(i) return { y = i.n:sum() } end }
local words = nn.data.bpe { file = "a.txt", size = 4 }
local t = nn.data.text { file = "t.txt", length = 8, vocabulary = words }
return nn.program { g = g, data = { t = t }, steps = 1 }
