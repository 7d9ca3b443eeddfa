-- EXPECT: nn.data has no 'fasion_mnist'
-- EXPECT: did you mean nn.data.fashion_mnist?
-- LINE: 5
local nn = require "nn"
local d = nn.data.fasion_mnist {}
