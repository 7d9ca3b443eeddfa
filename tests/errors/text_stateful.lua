-- EXPECT: nn.data.text: 'shuffle' does not go with 'stateful'
-- LINE: 4
local nn = require "nn"
local t = nn.data.text { file = "a.txt", length = 8, vocabulary = "bytes", shuffle = true, stateful = true }
