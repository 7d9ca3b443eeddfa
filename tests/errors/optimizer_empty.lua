-- EXPECT: nn.Adam: no parameters to train
-- LINE: 4
local nn = require "nn"
local opt = nn.Adam { nn.ReLU(), lr = 1e-3 }
