-- EXPECT: nn.TransformerEncoderLayer: 'd_model' must be a multiple of the 3 heads, not 8
-- LINE: 4
local nn = require "nn"
local layer = nn.TransformerEncoderLayer(8, 3)
