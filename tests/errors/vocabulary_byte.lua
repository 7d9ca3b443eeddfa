-- EXPECT: nn.data.text: the vocabulary is UTF-8 without zeros; it has the byte 255 at place 2
-- LINE: 4
local nn = require "nn"
local t = nn.data.text { file = "a.txt", length = 8, vocabulary = "a\xFF" }
