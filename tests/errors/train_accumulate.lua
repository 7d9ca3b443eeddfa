-- EXPECT: nn.train: 'accumulate' must be a whole number of at least 1, not 0
-- LINE: 4
local nn = require "nn"
local train = nn.train { accumulate = 0, optimizer = nn.SGD { nn.Linear(2, 2), lr = 0.1 }, loss = function() return 0 end }
