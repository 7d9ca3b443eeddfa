-- EXPECT: the model file runs for too long
-- LINE: 6
local nn = require "nn"
local list = {}
for i = 1, 1000000 do list[i] = i end
for i = 1, 1000 do table.sort(list) end
