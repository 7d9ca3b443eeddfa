-- EXPECT: nn.load's rename: takes a table, not a string
-- LINE: 4
local nn = require "nn"
local load = nn.load { "file", rename = "module." }
