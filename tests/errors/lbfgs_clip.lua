-- EXPECT: nn.LBFGS: takes gradients as they are, not clip_norm
-- LINE: 6
local nn = require "nn"
local p = nn.parameter({}, 1)
local opt = nn.LBFGS { p }
local train = nn.train { optimizer = opt, clip_norm = 1, loss = function() return p * p end }
return nn.program { model = p, train = train, run = { steps = 1, step = train } }
