-- EXPECT: data.split's first argument must be a source
-- LINE: 6
local nn = require "nn"


nn.data.split({ 1, 2 }, { 0.5 })
