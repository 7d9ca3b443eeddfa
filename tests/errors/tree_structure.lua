-- EXPECT: nn.map: the trees differ in structure: no 'b' in tree 2
-- LINE: 6
local nn = require "nn"
local net = nn.Linear(4, 3)
local train = nn.func { function()
  return nn.map(nn.add, { a = nn.ones { 2 }, b = nn.ones { 2 } }, { a = nn.ones { 2 } })
end }
return nn.program { model = net, train = train, steps = 1 }
