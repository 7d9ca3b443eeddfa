-- EXPECT: nn.data.mnist: the batch must be 1 to 65536 rows, not 1000000
-- LINE: 4
local nn = require "nn"
local d = nn.data.mnist { batch = 1000000 }
