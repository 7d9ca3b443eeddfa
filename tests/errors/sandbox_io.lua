-- EXPECT: io is left out of the sandbox
-- LINE: 4
local nn = require "nn"
local f = io.open("/etc/passwd")
