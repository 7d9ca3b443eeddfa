-- EXPECT: reshape: f32 [2,3] does not fit: 6 elements into 8
-- LINE: 6
local nn = require "nn"
local net = nn.Linear(4, 3)
local train = nn.func { function()
  return { y = nn.ones({ 2, 3 }):reshape { 4, 2 } }
end }
return nn.program { model = net, train = train, steps = 1 }
