-- EXPECT: nn.scaled_dot_product_attention: 'mask' must be a number or a tensor that broadcasts to [2,4,4], not bool [3,3]
-- LINE: 5
local nn = require "nn"
local q = nn.ones { 2, 4, 8 }
local y = nn.scaled_dot_product_attention(q, q, q, { mask = nn.ones({ 3, 3 }, "bool") })
