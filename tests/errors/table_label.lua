-- EXPECT: nn.data.table: 'y' has the label 3 in row 2; the 3 classes count from 0
-- LINE: 4
local nn = require "nn"
local t = nn.data.table { x = { { 1.0 }, { 2.0 } }, y = { 0, 3 }, classes = 3 }
