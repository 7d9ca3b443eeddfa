-- EXPECT: parts/nowhere.lua: cannot be read
-- LINE: 4
local nn = require "nn"
local m = require "parts.nowhere"
