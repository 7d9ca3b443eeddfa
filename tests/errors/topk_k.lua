-- EXPECT: topk: 'k' must be at most 3
-- LINE: 6
local nn = require "nn"
local net = nn.Linear(4, 3)
local train = nn.func { function()
  return { y = (nn.ones({ 2, 3 }):topk(4)) }
end }
return nn.program { model = net, train = train, steps = 1 }
