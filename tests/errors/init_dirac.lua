-- EXPECT: nn.init.dirac: takes shapes [out, in, kernel…] with out a multiple of 2, not [3,3]
-- LINE: 4
local nn = require "nn"
local w = nn.parameter({ 3, 3 }, nn.init.dirac(2))
