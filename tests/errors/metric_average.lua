-- EXPECT: nn.f1_score's average: no mode 'weighted'
-- LINE: 4
local nn = require "nn"
local m = nn.f1_score(nn.ones { 2, 3 }, nn.iota(2), { average = "weighted" })
