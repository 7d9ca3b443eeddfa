-- EXPECT: nn.random has no 'normall' (did you mean nn.random.normal?)
-- LINE: 6
-- What a model does to its view of nn changes neither the library nor what it does not have.
local nn = require "nn"
rawset(nn.random, "uniform", 1)
print(nn.random.normall)
