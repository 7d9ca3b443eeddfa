-- EXPECT: nn.buffer: 'saved' must be true or false, not a string
-- LINE: 4
local nn = require "nn"
local b = nn.buffer({ 2 }, 0, nil, { saved = "no" })
