-- EXPECT: this source does not know its number of rows: give fractions
-- LINE: 6
local nn = require "nn"


local a, b = nn.data.split(nn.data.idx { images = "x" }, { 1, 1 })
