-- EXPECT: nn.load: rename = { ["name in the file"] = "name in the tree" }, not a number
-- LINE: 6
local nn = require "nn"
local net = nn.Linear(4, 3)
local f = nn.func { function() return { y = net.weight:sum(), w = nn.value(net.weight) } end }
return nn.program { model = net, f = f, run = { steps = 1, before = nn.load { "a", rename = { a = 3 } }, step = f } }
