-- EXPECT: nn.evaluate: needs `on`
-- LINE: 5
local nn = require "nn"
local net = nn.Linear(4, 3)
local v = nn.evaluate { loss = function() return nn.ones {} end }
