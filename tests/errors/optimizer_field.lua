-- EXPECT: nn.Adam: no field 'learning_rate'
-- LINE: 4
local nn = require "nn"
local opt = nn.Adam { nn.Linear(2, 2), learning_rate = 1e-3 }
