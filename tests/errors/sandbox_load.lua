-- EXPECT: load is left out of the sandbox
-- LINE: 4
local nn = require "nn"
local f = load("return 1")
