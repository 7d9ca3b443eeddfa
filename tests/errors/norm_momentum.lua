-- EXPECT: nn.BatchNorm1d: 'momentum' must be between 0 and 1, not 1.5
-- LINE: 4
local nn = require "nn"
local norm = nn.BatchNorm1d(3, { momentum = 1.5 })
