-- EXPECT: the loss must return a scalar tensor
local nn = require "nn"
local net = nn.Linear(4, 3)
local train = nn.train { optimizer = nn.SGD { net, lr = 0.1 }, loss = function() return 3 end }
return nn.program { model = net, train = train, steps = 1 }
