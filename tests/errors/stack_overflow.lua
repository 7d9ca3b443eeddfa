-- EXPECT: stack overflow
-- EXPECT: called from here
-- LINE: 5
local nn = require "nn"
local function depth(n) return 1 + depth(n + 1) end
depth(1)
