-- EXPECT: not supported yet
-- EXPECT: autocast
-- LINE: 7
local nn = require "nn"
local net = nn.Linear(4, 3)
local train = nn.func { function()
  return { y = nn.with({ autocast = "bf16" }, function() return nn.zeros { 2 } end) }
end }
return nn.program { model = net, train = train, steps = 1 }
