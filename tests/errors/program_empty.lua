-- EXPECT: nn.program: nothing to run
-- LINE: 5
local nn = require "nn"
local net = nn.Linear(4, 3)
return nn.program { model = net }
