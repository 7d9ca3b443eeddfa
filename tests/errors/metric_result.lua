-- EXPECT: nn.train: 'note' must return a scalar tensor, not a string
-- LINE: 5
local nn = require "nn"
local net = nn.Linear(4, 3)
local train = nn.train { optimizer = nn.SGD { net, lr = 0.1 },
  loss = function() return net(nn.ones { 2, 4 }):sum(), { note = "good" } end }
return nn.program { model = net, train = train, steps = 1 }
