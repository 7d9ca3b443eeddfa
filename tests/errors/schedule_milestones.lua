-- EXPECT: nn.multi_step: needs milestones, a list of steps
-- LINE: 4
local nn = require "nn"
local lr = nn.multi_step(0.1, { factor = 0.5 })
