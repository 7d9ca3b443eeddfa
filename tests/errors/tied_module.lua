-- EXPECT: nn.Tied: takes a module with a weight [out, in], not nn.ReLU
-- LINE: 4
local nn = require "nn"
local head = nn.Tied(nn.ReLU())
