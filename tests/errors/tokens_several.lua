-- EXPECT: nn.program: `data` has two nn.data.bpe, 'a' and 'b'; a program has one
-- LINE: 6
local nn = require "nn"
local g = nn.func { inputs = { n = nn.input({ 2 }, "i32", 0) }, function(i) return { y = i.n:sum() } end }
local function words() return nn.data.bpe { file = "a.txt", size = 4 } end
return nn.program { g = g, data = { a = words(), b = words() }, steps = 1 }
