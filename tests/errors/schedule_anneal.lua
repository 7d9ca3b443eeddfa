-- EXPECT: nn.one_cycle's anneal: no mode 'cosine'
-- LINE: 4
local nn = require "nn"
local lr = nn.one_cycle(0.1, { anneal = "cosine" })
