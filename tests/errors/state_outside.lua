-- EXPECT: states, random numbers and inputs of a run exist inside functions only
-- LINE: 5
local nn = require "nn"
local p = nn.parameter { 3 }
local y = p * 2
