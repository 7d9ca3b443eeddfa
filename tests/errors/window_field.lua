-- EXPECT: window: no field 'strides' (did you mean 'stride'?)
-- LINE: 4
local nn = require "nn"
local y = nn.ones({ 2, 6 }):window { dims = 2, size = 3, strides = 2 }
