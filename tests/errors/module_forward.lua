-- EXPECT: its field 'forward' must be a function, not nil
-- LINE: 4
local nn = require "nn"
local m = nn.Module { weight = nn.parameter { 3 } }
