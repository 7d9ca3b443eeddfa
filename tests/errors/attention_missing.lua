-- EXPECT: nn.scaled_dot_product_attention: takes tensors and numbers, not nil
-- LINE: 4
local nn = require "nn"
local y = nn.scaled_dot_product_attention(nn.zeros { 2, 3 }, nil, nn.zeros { 2, 3 })
