-- EXPECT: nn.Embedding: 'padding_idx' must be a row from 0 to 5, not 6
-- LINE: 4
local nn = require "nn"
local layer = nn.Embedding(6, 3, { padding_idx = 6 })
