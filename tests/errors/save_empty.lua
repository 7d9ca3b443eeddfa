-- EXPECT: nn.save: no state in this tree that files would hold
-- LINE: 5
local nn = require "nn"
local f = nn.func { function() return { zero = 0 } end }
local save = nn.save { "file", tree = {} }
return nn.program { f = f, run = { steps = 1, step = { "f", save } } }
