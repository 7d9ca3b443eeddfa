-- EXPECT: betas
-- LINE: 4
local nn = require "nn"
local opt = nn.Adam { nn.Linear(2, 2), betas = { 0.9, 1 } }
