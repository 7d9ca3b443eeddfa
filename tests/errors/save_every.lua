-- EXPECT: nn.save: 'every' must be a whole number of at least 1, not 0
-- LINE: 4
local nn = require "nn"
local save = nn.save { "file", every = 0 }
