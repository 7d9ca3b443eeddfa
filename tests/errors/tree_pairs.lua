-- EXPECT: nn.Adam: no parameters to train
-- LINE: 6
-- Trees are walked as they are: __pairs is for the model's own loops.
local nn = require "nn"
local endless = setmetatable({}, { __pairs = function(t) return function(_, k) return (k or 0) + 1, {} end, t end })
nn.Adam { endless, lr = 1e-3 }
