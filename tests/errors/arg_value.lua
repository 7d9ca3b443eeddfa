-- EXPECT: -D width=wide: this argument is a whole number
-- ARGS: @ -D width=wide -o out.c
-- LINE: 5
local nn = require "nn"
local w = nn.arg("width", 3)
