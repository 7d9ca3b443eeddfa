-- EXPECT: not supported yet
-- EXPECT: nn.LossScaler
-- LINE: 5
local nn = require "nn"
local y = nn.LossScaler {}
