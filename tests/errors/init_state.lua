-- EXPECT: an initial value may not read another state
-- LINE: 5
local nn = require "nn"
local a = nn.parameter { 3 }
local b = nn.parameter({ 3 }, function() return a * 2 end)
