-- EXPECT: no split 'tset'
-- EXPECT: did you mean 'test'?
-- LINE: 5
local nn = require "nn"
local d = nn.data.fashion_mnist { split = "tset" }
