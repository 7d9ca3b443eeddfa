-- EXPECT: g: an nn.data.bpe is a vocabulary and has no rows
-- LINE: 4
local nn = require "nn"
local g = nn.func { on = "words", function(b) return { y = b.epoch } end }
return nn.program { g = g, data = { words = nn.data.bpe { file = "a.txt", size = 4 } }, steps = 1 }
