-- EXPECT: transpose: each dimension of f32 [2,3] is named once
-- LINE: 6
local nn = require "nn"
local net = nn.Linear(4, 3)
local train = nn.func { function()
  return { y = nn.ones({ 2, 3 }):transpose { 1, 1 } }
end }
return nn.program { model = net, train = train, steps = 1 }
