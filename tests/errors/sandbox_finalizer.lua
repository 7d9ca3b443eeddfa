-- EXPECT: metatables with __gc are left out
-- LINE: 4
local nn = require "nn"
setmetatable({}, { __gc = function() while true do end end })
