-- EXPECT: the model file runs for too long
local nn = require "nn"
pcall(function() while true do pcall(error) end end)
