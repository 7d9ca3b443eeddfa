-- EXPECT: parts/link.lua is a link that leads out of the model's folder
-- LINE: 4
local nn = require "nn"
local m = require "parts.link"
