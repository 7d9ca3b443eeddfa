-- EXPECT: nn.TransformerEncoderLayer's activation: no mode 'swish'
-- LINE: 4
local nn = require "nn"
local layer = nn.TransformerEncoderLayer(8, 4, { activation = "swish" })
