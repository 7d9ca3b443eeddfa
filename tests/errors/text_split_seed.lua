-- EXPECT: nn.data.split: 'seed' does not go with 'a text, which is cut as it stands'
-- LINE: 5
local nn = require "nn"
local t = nn.data.text { file = "a.txt", length = 8, vocabulary = "bytes" }
local train, valid = nn.data.split(t, { 0.9, 0.1 }, { seed = 1 })
