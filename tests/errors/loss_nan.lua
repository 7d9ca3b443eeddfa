-- EXPECT: nn.hinge_loss: 'margin' must be a number, not
-- LINE: 4
local nn = require "nn"
local l = nn.hinge_loss(nn.ones { 2 }, nn.ones { 2 }, { margin = 0 / 0 })
