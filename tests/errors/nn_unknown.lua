-- EXPECT: nn has no 'Linaer'
-- EXPECT: did you mean nn.Linear?
-- LINE: 5
local nn = require "nn"
local net = nn.Linaer(4, 3)
