-- EXPECT: nn.RMSprop: no field 'alhpa'
-- EXPECT: did you mean 'alpha'?
-- LINE: 5
local nn = require "nn"
local opt = nn.RMSprop { nn.Linear(2, 2), { nn.Linear(2, 2), lr = 1e-4, alhpa = 0.9 } }
