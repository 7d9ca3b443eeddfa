-- EXPECT: 0.5 is not a whole number, as i32 needs
-- LINE: 4
local nn = require "nn"
local c = nn.constant({ 1, 0.5 }, "i32")
