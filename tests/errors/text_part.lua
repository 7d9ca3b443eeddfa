-- EXPECT: nn.data.text: part = { from, to } are fractions of the text, 0 <= from < to <= 1
-- LINE: 4
local nn = require "nn"
local t = nn.data.text { file = "a.txt", length = 8, vocabulary = "bytes", part = { 0.9, 0.5 } }
