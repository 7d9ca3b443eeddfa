-- EXPECT: nn.data.fashion_mnist: 'split' must be a string, not a boolean
-- LINE: 4
local nn = require "nn"
local d = nn.data.fashion_mnist { split = true }
