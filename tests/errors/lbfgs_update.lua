-- EXPECT: nn.LBFGS: takes a loss, by opt:step(f), not gradients
-- LINE: 6
local nn = require "nn"
local p = nn.parameter({}, 1)
local opt = nn.LBFGS { p }
local f = nn.func { function() opt:update { 2 * p } return { p = p } end }
return nn.program { model = p, f = f, run = { steps = 1, step = f } }
