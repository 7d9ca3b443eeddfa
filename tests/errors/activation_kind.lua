-- EXPECT: gelu: no mode 'tan'
-- LINE: 4
local nn = require "nn"
local y = nn.gelu(nn.ones { 3 }, "tan")
