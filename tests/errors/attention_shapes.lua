-- EXPECT: nn.scaled_dot_product_attention: takes q [.., H, L, E], k [.., H', S, E], v [.., H', S, Ev]
-- LINE: 4
local nn = require "nn"
local y = nn.scaled_dot_product_attention(nn.ones { 4, 5, 6 }, nn.ones { 3, 5, 6 }, nn.ones { 3, 5, 6 })
