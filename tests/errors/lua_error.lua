-- EXPECT: attempt to call a nil value (global 'relu')
-- LINE: 4
local nn = require "nn"
local y = relu(3)
