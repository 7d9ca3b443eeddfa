-- EXPECT: unwindow: f32 [5,2] does not come from such windows: 4 in dimension 1 and 3 in dimension 2 are wanted
-- LINE: 6
local nn = require "nn"
local net = nn.Linear(4, 3)
local train = nn.func { function()
  return { y = nn.ones({ 5, 2 }):unwindow { dims = 1, size = 3, extent = 6 } }
end }
return nn.program { model = net, train = train, steps = 1 }
