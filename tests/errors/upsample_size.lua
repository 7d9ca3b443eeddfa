-- EXPECT: nn.interpolate: needs either size or scale_factor
-- LINE: 6
local nn = require "nn"
local net = nn.Linear(4, 3)
local train = nn.func { function()
  return { y = nn.interpolate(nn.ones { 1, 1, 4 }, {}) }
end }
return nn.program { model = net, train = train, steps = 1 }
