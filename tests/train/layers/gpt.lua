-- gpt.lua: for models/gpt_net.lua, which tests/train/models_sequence.sh puts beside this file and formula.lua: writes the weights that
-- tests/oracle/gpt.py starts from, init.safetensors, and asks which inputs the scores of a position have a gradient by: `later` is the largest
-- of all at positions behind, `none` how many of those at or before a position are zero for a whole token.
local nn = require "nn"
local formula = require "formula"
local T = 32
local net = require "gpt_net" { vocab = 65, dim = 32, layers = 2, heads = 4, length = T }

-- Tensors are numbered in the order of their names: matrices within 1 / sqrt(columns), norms around 1, biases around 0
local states, names = {}, {}
nn.parameters(net, function(name, state)
  states[name], names[#names + 1] = state, name
  return true
end)
table.sort(names)
local function value(t, name)
  local shape = states[name].shape
  if #shape == 2 then return formula.tensor(t, shape, 1 / math.sqrt(shape[2])) end
  return formula.tensor(t, shape, 0.1) + (string.find(name, "ln_") and string.sub(name, -6) == "weight" and 1 or 0)
end

local check = nn.func { function()
  for t, name in ipairs(names) do nn.assign(states[name], value(t - 1, name)) end
  local x = formula.tensor(50, { 1, T, 32 })
  local scores, later, none = net.body(x), 0, 0
  for _, i in ipairs { 1, 2, 17, 31, 32 } do
    local g = nn.grad((scores:slice(2, i, i) * formula.tensor(51, { 1, 1, 65 })):sum(), x):abs():sum(3):reshape { T }
    if i < T then later = nn.maximum(later, g:slice(1, i + 1, -1):max()) end
    none = none + g:slice(1, 1, i):eq(0):cast("f64"):sum()
  end
  return { later = later, none = none, count = #names }
end }

return nn.program { name = "gpt_check", model = net, check = check, run = { steps = 1, step = check, after = nn.save { "init.safetensors" } } }
