-- EXPECT: nn.clip_grad_adaptive: 1 gradients for 2 parameters
-- LINE: 4
local nn = require "nn"
local g = nn.clip_grad_adaptive({ nn.ones { 2 } }, { nn.ones { 2 }, nn.ones { 2 } }, 0.01)
