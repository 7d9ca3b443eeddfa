-- EXPECT: syntax: 
-- LINE: 4
local nn = require "nn"
local x = = 3
