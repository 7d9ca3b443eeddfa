-- lbfgs.lua: L-BFGS step by step (tests/oracle/library/lbfgs.py); the loss before each call of step, the parameters behind it.
local nn = require "nn"
local formula, cases = require "formula", require "cases"
local tensor, project = formula.tensor, formula.project
local model = {}

local function case(name, shapes, bound, options, loss, starts)
  local p = {}
  for i, shape in ipairs(shapes) do p[i] = nn.parameter(shape, starts and function() return nn.constant(starts) end or cases.init(9 + i, bound)) end
  model[name], options[1] = p, p
  local opt, k = nn.LBFGS(options), nn.buffer({}, 0, "i32")
  cases.add(name, function()
    local out = { loss = opt:step(function() return loss(p, k) end) }
    nn.assign(k, k + 1)
    for i, state in ipairs(p) do out["p" .. (i - 1)] = project(nn.value(state), 49 + i) end
    return out
  end)
end

local function rosenbrock(p)
  local x, y = p[1]:select(1, 1), p[1]:select(1, 2)
  local a, b = 1 - x, y - x * x
  return a * a + 100 * b * b
end
case("rosenbrock", { { 2 } }, 1, { max_iter = 6, max_eval = 100 }, rosenbrock, { -1.2, 1 })
case("rosenbrock_long", { { 2 } }, 1, { lr = 0.3, max_iter = 4, history_size = 2 }, rosenbrock, { 3.0, -4.0 })

-- f(x) = sum of (x^2 - cos 5 x) with a slope: brackets, and searches between
case("waves", { { 6 }, { 2, 3 } }, 2, { max_iter = 3, history_size = 3 }, function(p)
  local total = 0
  for i, x in ipairs(p) do total = total + (x * x * (0.3 * i) - (x * 5):cos() + x * tensor(30 + i, x.shape)):sum() end
  return total
end)
local function net(p, k)
  local x, y = tensor(20, { 8, 5 }), tensor(21, { 8, 2 }) * nn.where(k:lt(3), 1.0, 0.5) -- other data from the fourth step on
  return nn.mse_loss(nn.linear(nn.linear(x, p[1], p[2]):tanh(), p[3], p[4]), y)
end
case("net", { { 6, 5 }, { 6 }, { 2, 6 }, { 2 } }, 1, { max_iter = 4, history_size = 5 }, net)

-- 1e-10 within 50 iterations
local p = nn.parameter({ 2 }, function() return nn.constant { -1.2, 1 } end)
local opt, stage = nn.LBFGS { p, max_iter = 50, max_eval = 500, tolerance_change = 1e-14 }, nn.buffer({}, 0, "i32")
model.promise = p
cases.add("promise", function()
  opt:step(function() return rosenbrock { p } end)
  nn.assign(stage, stage + 1)
  return { solved = nn.where(rosenbrock { p }:lt(1e-10) & opt.t:lt(50 * stage), 1.0, 0.0) }
end)

return cases.program("lbfgs", model, 6)
