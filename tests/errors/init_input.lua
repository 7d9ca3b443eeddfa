-- EXPECT: an initial value may not depend on what is known only at start: lr []
-- LINE: 5
local nn = require "nn"
local lr = nn.hyper("lr", 0.1)
local b = nn.parameter({}, function() return lr * 2 end)
