-- EXPECT: 'batch' must be a whole number of at least 1, not 0
-- LINE: 4
local nn = require "nn"
local d = nn.data.fashion_mnist { batch = 0 }
