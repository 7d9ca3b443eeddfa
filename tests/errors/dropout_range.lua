-- EXPECT: nn.Dropout: 'p' must be at least 0 and below 1, not 1.5
-- LINE: 4
local nn = require "nn"
local d = nn.Dropout(1.5)
