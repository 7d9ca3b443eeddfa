-- EXPECT: nn.plateau: needs optimizer, one of the library's
-- LINE: 4
local nn = require "nn"
local plateau = nn.plateau { watch = nn.buffer({}, 0), factor = 0.5 }
