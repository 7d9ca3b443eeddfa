-- EXPECT: nn.l1_loss's reduction: no mode 'avg'
-- LINE: 4
local nn = require "nn"
local l = nn.l1_loss(nn.ones { 3 }, nn.zeros { 3 }, { reduction = "avg" })
