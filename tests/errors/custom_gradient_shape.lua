-- EXPECT: nn.custom_gradient: the gradient for argument 1 is
-- EXPECT: the argument is
-- LINE: 8
local nn = require "nn"
local p = nn.parameter({ 3 }, 1)
local double = nn.custom_gradient(function(x) return x * 2 end, function(_, dy) return dy:sum() end)
local f = nn.func { function()
  return { g = nn.grad(double(nn.value(p)):sum(), p):sum() }
end }
return nn.program { model = p, f = f, run = { steps = 1, step = f } }
