-- EXPECT: nn.data.table: the vocabulary has 'ä' twice
-- LINE: 6
local nn = require "nn"


local t = nn.data.table { x = { 1 }, vocabulary = "aäbä" }
