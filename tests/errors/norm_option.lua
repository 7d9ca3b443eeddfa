-- EXPECT: nn.RMSNorm: no field 'epps'
-- EXPECT: did you mean 'eps'?
-- LINE: 5
local nn = require "nn"
local norm = nn.RMSNorm(7, { epps = 1e-6 })
