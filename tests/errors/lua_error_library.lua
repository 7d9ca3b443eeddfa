-- EXPECT: in the library, nn/schedules.lua
-- LINE: 5
local nn = require "nn"
local schedule = nn.cosine(0.1, { steps = 10 })
local rate = schedule { "a schedule takes a tensor" }
