-- EXPECT: nn.LBFGS's line_search_fn: no mode 'armijo'
-- LINE: 4
local nn = require "nn"
local opt = nn.LBFGS { nn.parameter({}, 1), line_search_fn = "armijo" }
