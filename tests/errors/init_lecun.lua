-- EXPECT: nn.init.lecun_normal: no field 'nonlinearity'
-- LINE: 4
local nn = require "nn"
local p = nn.parameter({ 3, 3 }, nn.init.lecun_normal { nonlinearity = "tanh" })
