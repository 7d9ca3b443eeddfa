-- EXPECT: a list of numbers is empty
-- LINE: 4
local nn = require "nn"
local c = nn.constant { {}, {} }
