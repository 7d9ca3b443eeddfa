-- cases.lua: named cases of the library, each a function of its own, so that a log has one line a case. What is printed are projections
-- (formula.lua) of a result, of its gradients and of the gradients of those, as tests/oracle/library/common.py makes them.
local nn = require "nn"
local formula = require "formula"
local cases = { funcs = {}, order = {} }

-- y, the gradients d<k> of its projection by each input, and the gradients e<k> of the sum of their projections
-- twin: the same by another function of the library, the module for instance; `same` counts where it differs
function cases.record(y, inputs, twin)
  local loss, second = formula.project(y, 50), 0
  local out, gradients = { y = loss }, nn.grad(loss, inputs)
  if twin then out.same = y:ne(twin):cast("i32"):sum() end
  for k, g in ipairs(gradients) do
    out["d" .. (k - 1)] = formula.project(g, 50 + k)
    second = second + out["d" .. (k - 1)]
  end
  for k, g in ipairs(nn.grad(second, inputs, { unused = "zero" })) do out["e" .. (k - 1)] = formula.project(g, 60 + k) end
  return out
end

-- A case: f() gives the outputs themselves, or y and the list of inputs to differentiate it by (and a twin, see record).
function cases.add(name, f, mode)
  local func = nn.func { mode = mode or "eval", function()
    local y, inputs, twin = f()
    return inputs and cases.record(y, inputs, twin) or y
  end }
  cases.funcs[name] = func
  cases.order[#cases.order + 1] = func
end

function cases.program(name, model, steps)
  local program = { name = name, model = model, run = { steps = steps or 1, step = cases.order } }
  for key, func in pairs(cases.funcs) do program[key] = func end
  return nn.program(program)
end

-- A parameter or buffer whose initial value is tensor number t of the formula: plus * 1 + formula * bound
function cases.init(t, bound, plus) return function(shape) return formula.tensor(t, shape, bound) + (plus or 0) end end

-- The parameters of these names become the formula's tensors 10, 11, …; gives the list
function cases.fill(layer, names)
  local list = {}
  for i, path in ipairs(names) do
    local owner, dot = layer, string.find(path, ".")
    while dot do
      local key = string.sub(path, 1, dot - 1) -- items of a list count from 0 in names
      owner, path = owner[tonumber(key) and tonumber(key) + 1 or key], string.sub(path, dot + 1)
      dot = string.find(path, ".")
    end
    owner[path] = nn.parameter(owner[path].shape, cases.init(9 + i))
    list[i] = owner[path]
  end
  return list
end

return cases
