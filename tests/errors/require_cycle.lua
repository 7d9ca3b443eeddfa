-- EXPECT: requires itself
local nn = require "nn"
local m = require "parts.cycle"
