-- EXPECT: Conv2d: padding "same" needs a stride of 1, not 2x1
-- LINE: 4
local nn = require "nn"
local net = nn.Conv2d(3, 4, 3, { padding = "same", stride = { 2, 1 } })
