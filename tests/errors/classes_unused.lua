-- EXPECT: nn.data.csv: 'classes' has nothing to check: no field holds labels, whole numbers, one a row, as does y = { column = "class", dtype = "i32" }
-- LINE: 4
local nn = require "nn"
local t = nn.data.csv { file = "a.csv", x = { "width", "height" }, y = "kind", classes = 3 }
