-- EXPECT: not supported yet
-- EXPECT: nn.scan
-- LINE: 5
local nn = require "nn"
local y = nn.scan(function() end, 0)
