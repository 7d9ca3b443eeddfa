-- EXPECT: bitcast: element sizes differ: f32 [2] to u8
-- LINE: 6
local nn = require "nn"
local net = nn.Linear(4, 3)
local train = nn.func { function()
  return { y = nn.ones({ 2 }):bitcast "u8" }
end }
return nn.program { model = net, train = train, steps = 1 }
