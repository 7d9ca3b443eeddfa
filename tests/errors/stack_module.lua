-- EXPECT: nn.Stack: takes a function that makes a module, not a number
-- LINE: 4
local nn = require "nn"
local net = nn.Stack(3, function() return 1 end)
