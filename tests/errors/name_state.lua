-- EXPECT: cannot be a name: it takes UTF-8 without control characters, 1 to 255 bytes
-- LINE: 4
local nn = require "nn"
local w = nn.parameter({ 4 }, 1)
local f = nn.func { function() return { sum = nn.value(w):sum() } end }
return nn.program { model = { [("w"):rep(256)] = w }, f = f, run = { steps = 1, step = f } }
