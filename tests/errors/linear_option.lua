-- EXPECT: nn.Linear: no field 'biass'
-- EXPECT: did you mean 'bias'?
-- LINE: 5
local nn = require "nn"
local net = nn.Linear(4, 3, { biass = false })
