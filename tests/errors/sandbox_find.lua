-- EXPECT: the model file runs for too long
-- LINE: 6
local nn = require "nn"
local text = ("a"):rep(2000000)
local pattern = ("a"):rep(1000000) .. "b"
for i = 1, 1000 do text:find(pattern, 1, true) end
