-- EXPECT: nn is the library's
-- LINE: 4
local nn = require "nn"
nn.my_layer = function() end
