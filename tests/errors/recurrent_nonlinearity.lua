-- EXPECT: nn.RNN's nonlinearity: no mode 'gelu'
-- LINE: 4
local nn = require "nn"
local net = nn.RNN(3, 4, { nonlinearity = "gelu" })
