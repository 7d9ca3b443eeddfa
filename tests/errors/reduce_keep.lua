-- EXPECT: sum: 'keep' must be true or false, not a number
-- LINE: 4
local nn = require "nn"
local y = nn.ones({ 2, 3 }):sum(1, 2)
