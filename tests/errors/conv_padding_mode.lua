-- EXPECT: Conv1d: no mode 'mirror'
-- LINE: 4
local nn = require "nn"
local net = nn.Conv1d(3, 4, 3, { padding_mode = "mirror" })
