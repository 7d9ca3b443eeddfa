-- EXPECT: the width must be even
-- EXPECT: called from here
-- LINE: 6
local nn = require "nn"
local function check(width)
  if width % 2 == 1 then error("the width must be even") end
end
check(7)
