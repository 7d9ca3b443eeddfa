-- EXPECT: nn.data.text: shapes depend on the vocabulary, so it must be known when the model is compiled
-- LINE: 4
local nn = require "nn"
local t = nn.data.text { file = "a.txt", length = 8, vocabulary = "characters" }
