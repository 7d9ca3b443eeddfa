-- EXPECT: nn.MultiheadAttention: 'embed_dim' must be a multiple of the 4 heads, not 10
-- LINE: 4
local nn = require "nn"
local layer = nn.MultiheadAttention(10, 4)
