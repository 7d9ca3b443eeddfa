-- EXPECT: keys of a table walk in sorted order, and a function has none
-- LINE: 4
local nn = require "nn"
for k in pairs { [print] = 1 } do end
