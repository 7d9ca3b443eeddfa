-- EXPECT: nn.data.fashion_mnist: no field 'batch_size'
-- LINE: 4
local nn = require "nn"
local d = nn.data.fashion_mnist { batch_size = 128 }
