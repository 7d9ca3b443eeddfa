-- EXPECT: does not depend on b.weight [3,4]
local nn = require "nn"
local a, b = nn.Linear(4, 3), nn.Linear(4, 3)
local function loss() return a(nn.ones { 2, 4 }):sum() end
local train = nn.train { loss = loss, optimizer = nn.SGD { a, b, lr = 0.1 } }
return nn.program { model = { a = a, b = b }, train = train, steps = 1 }
