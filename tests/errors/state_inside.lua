-- EXPECT: nn.parameter: belongs at the top of the file
-- LINE: 6
local nn = require "nn"
local net = nn.Linear(4, 3)
local train = nn.func { function()
  local p = nn.parameter { 3 }
  return { p = p }
end }
return nn.program { model = net, train = train, steps = 1 }
