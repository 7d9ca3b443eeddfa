-- EXPECT: string.gsub is left out of the sandbox
-- LINE: 4
local nn = require "nn"
local s = ("a.b"):gsub("%.", "/")
