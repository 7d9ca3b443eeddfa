-- EXPECT: -o no/such/folder/net.lua: is a model's name
-- ARGS: @ -o no/such/folder/net.lua
-- EXIT: 2
local nn = require "nn"
local w = nn.parameter({}, 1)
local f = nn.func { function() return { y = nn.value(w) } end }
return nn.program { model = w, f = f, run = { steps = 1, step = f } }
