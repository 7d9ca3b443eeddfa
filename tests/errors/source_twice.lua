-- EXPECT: nn.func: the source 'a' is named twice
-- LINE: 6
local nn = require "nn"


local f = nn.func { on = { "a", "a" }, function() end }
