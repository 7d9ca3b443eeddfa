-- EXPECT: stack overflow
-- EXPECT: in the library, nn/
-- LINE: 7
local nn = require "nn"
local tree = {}
tree.tree = { tree }
nn.map(function(x) return x end, tree)
