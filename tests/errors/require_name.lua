-- EXPECT: only "nn" and files beside the model
-- LINE: 4
local nn = require "nn"
local m = require "../secret"
