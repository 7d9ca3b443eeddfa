-- EXPECT: error was called with a table instead of a message
-- LINE: 4
local nn = require "nn"
error({ code = 3 })
