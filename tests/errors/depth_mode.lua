-- EXPECT: nn.StochasticDepth: no mode 'rows'
-- LINE: 4
local nn = require "nn"
local drop = nn.StochasticDepth(0.2, { mode = "rows" })
