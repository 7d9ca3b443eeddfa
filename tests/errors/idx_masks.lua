-- EXPECT: nn.data.idx: 'labels' does not go with 'masks'
-- LINE: 5
local nn = require "nn"

local source = nn.data.idx { images = "x", labels = "y", masks = "z" }

return nn.program { name = "m", data = { train = source } }
