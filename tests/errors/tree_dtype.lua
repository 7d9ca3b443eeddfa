-- EXPECT: nn.ravel: one dtype is needed, not f32 and i32
-- LINE: 6
local nn = require "nn"
local net = nn.Linear(4, 3)
local train = nn.func { function()
  return { v = (nn.ravel { nn.ones { 2 }, nn.iota(2) }) }
end }
return nn.program { model = net, train = train, steps = 1 }
