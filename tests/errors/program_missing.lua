-- EXPECT: the file must end with `return nn.program { … }`; it returned nil
local nn = require "nn"
local net = nn.Linear(4, 3)
