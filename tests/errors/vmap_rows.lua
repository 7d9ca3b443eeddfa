-- EXPECT: nn.vmap: takes a function and tensors whose rows it is called with, nn.vmap(f, x, …): there is nothing behind the function
-- LINE: 4
local nn = require "nn"
local f = nn.func { function() return { y = nn.vmap(function() return nn.ones { 2 } end) } end }
return nn.program { f = f, run = { steps = 1, step = f } }
