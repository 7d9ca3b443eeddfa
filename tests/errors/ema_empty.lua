-- EXPECT: nn.EMA: no parameters to train
-- LINE: 4
local nn = require "nn"
local ema = nn.EMA { {}, decay = 0.9 }
