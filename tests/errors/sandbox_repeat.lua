-- EXPECT: string.rep: gives more than 16 MiB
-- LINE: 4
local nn = require "nn"
local s = ("x"):rep(1 << 30)
