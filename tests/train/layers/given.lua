-- given.lua: 100 updates of every optimizer by gradients that are handed in and do not depend on the parameters (tests/oracle/library/given.py): so that
-- a difference stays a difference, and f32 shows the optimizer's own arithmetic.
local nn = require "nn"
local formula, cases = require "formula", require "cases"
local shapes, steps = { { 6, 5 }, { 6 }, { 2, 6 }, { 2 } }, 100
local nets = {}

local clip = { -- the options of nn.train as functions
  clip_value = nn.clip_grad_value,
  clip_norm = function(gradients, most) return (nn.clip_grad_norm(gradients, most)) end,
  clip_adaptive = function(gradients, most, net) return nn.clip_grad_adaptive(gradients, net, most) end,
}

local function run(name, make, options)
  local net, number = {}, {}
  for i, shape in ipairs(shapes) do
    net[i] = nn.parameter(shape, cases.init(21 + i))
    number[net[i]] = i
  end
  nets[name] = net
  local opt, k = make(net), nn.buffer({}, 0, "i32")
  cases.add(name, function()
    local a, b, gradients = (k * 7 % 11) / 8 - 0.5, (k * 5 % 13) / 8 - 0.75, {}
    for _, p in ipairs(opt.parameters) do -- in the optimizer's order, which need not be the net's
      local i = number[p]
      gradients[#gradients + 1] = formula.tensor(29 + i, shapes[i]) * a + formula.tensor(39 + i, shapes[i]) * b
    end
    for bound, most in pairs(options) do gradients = clip[bound](gradients, most, net) end
    opt:update(gradients)
    nn.assign(k, k + 1)
    local out = {}
    for i, p in ipairs(net) do out["p" .. (i - 1)] = formula.project(nn.value(p), 49 + i) end
    return out
  end)
end

for _, recipe in ipairs(require "recipes") do run(table.unpack(recipe)) end
run("sgd_nesterov", function(p) return nn.SGD { p, lr = 0.05, momentum = 0.9, nesterov = true } end, {})
run("adam", function(p) return nn.Adam { p, lr = 0.01 } end, {})
run("adam_decay", function(p) return nn.Adam { p, lr = 0.01, betas = { 0.8, 0.99 }, eps = 1e-6, weight_decay = 0.01 } end, {})
run("adamax_options", function(p) return nn.Adamax { p, lr = 0.02, betas = { 0.8, 0.95 }, eps = 1e-5 } end, {})
local function sgd(p) return nn.SGD { p, lr = 0.3, momentum = 0.9 } end
run("clip_value_large", sgd, { clip_value = 0.4 })
run("clip_norm_large", sgd, { clip_norm = 3.0 })
run("clip_adaptive_large", sgd, { clip_adaptive = 0.5 })
run("adamw", function(p) return nn.AdamW { p, lr = 0.01, weight_decay = 0.1 } end, {})

return cases.program("given", nets, steps)
