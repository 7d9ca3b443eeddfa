-- EXPECT: MiB of memory in Lua
-- LINE: 5
local nn = require "nn"
local t = {}
for i = 1, 1e9 do t[i] = { i } end
