-- EXPECT: --report=out.pdf: a page is written to a file that ends in .html
-- ARGS: @ --report=out.pdf
-- EXIT: 2
local nn = require "nn"
local w = nn.parameter({}, 1)
local f = nn.func { function() return { y = nn.value(w) } end }
return nn.program { model = w, f = f, run = { steps = 1, step = f } }
