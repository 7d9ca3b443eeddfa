-- EXPECT: MaxPool2d: a padding of 2 is more than half of the window 3
-- LINE: 4
local nn = require "nn"
local net = nn.MaxPool2d(3, { padding = 2 })
