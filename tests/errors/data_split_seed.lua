-- EXPECT: nn.data.split: 'seed' does not go with 'a part, whose seed it keeps'
-- LINE: 6
local nn = require "nn"


local a = nn.data.split(nn.data.table { x = { 1, 2, 3, 4 } }, { 0.5, 0.5 }); nn.data.split(a, { 0.5 }, { seed = 3 })
