-- updates.lua: 100 steps of every optimizer, of clipping, groups, accumulation and averages (tests/oracle/library/updates.py).
local nn = require "nn"
local formula, cases = require "formula", require "cases"
local tensor, project = formula.tensor, formula.project
local nets = {}

local function net_of(name)
  local shapes, net = { { 6, 5 }, { 6 }, { 2, 6 }, { 2 } }, {}
  for i, shape in ipairs(shapes) do net[i] = nn.parameter(shape, cases.init(21 + i)) end
  nets[name] = net
  return net
end

local function data(k) return tensor(20 + 100 * k, { 8, 5 }), tensor(21 + 100 * k, { 8, 2 }) end

local function loss_of(net, x, y) return nn.mse_loss(nn.linear(nn.tanh(nn.linear(x, net[1], net[2])), net[3], net[4]), y) end

local function outputs(net, out)
  for k, p in ipairs(net) do out["p" .. (k - 1)] = project(nn.value(p), 49 + k) end
  return out
end

-- make(net) gives an optimizer; options are those of nn.train
local function run(name, make, options, more)
  local net = net_of(name)
  local opt = make(net)
  local used = { clip_norm = nil }
  for key, value in pairs(options or {}) do used[key] = value end
  cases.add(name, function()
    local loss = opt:step(function() return loss_of(net, data(0)) end, used)
    return outputs(net, more and more(net, { loss = loss }) or { loss = loss })
  end)
end

run("sgd_dampening", function(p) return nn.SGD { p, lr = 0.05, momentum = 0.9, dampening = 0.3, weight_decay = 0.01 } end)
run("adagrad", function(p) return nn.Adagrad { p, lr = 0.1 } end)
run("adagrad_options", function(p)
  return nn.Adagrad { p, lr = 0.1, lr_decay = 0.01, weight_decay = 0.01, initial_accumulator_value = 0.1, eps = 1e-6 }
end)
run("rmsprop", function(p) return nn.RMSprop { p, lr = 0.01 } end)
run("rmsprop_options", function(p)
  return nn.RMSprop { p, lr = 0.01, alpha = 0.9, momentum = 0.9, centered = true, weight_decay = 0.01, eps = 1e-5 }
end)
run("adadelta", function(p) return nn.Adadelta { p } end)
run("adadelta_options", function(p) return nn.Adadelta { p, lr = 0.5, rho = 0.8, eps = 1e-4, weight_decay = 0.01 } end)
run("adam_amsgrad", function(p) return nn.Adam { p, lr = 0.01, amsgrad = true } end)
run("adamw_amsgrad", function(p) return nn.AdamW { p, lr = 0.01, amsgrad = true, weight_decay = 0.1 } end)
run("adamax", function(p) return nn.Adamax { p, lr = 0.01, weight_decay = 0.01 } end)
run("nadam", function(p) return nn.NAdam { p, lr = 0.01 } end)
run("nadam_options", function(p) return nn.NAdam { p, lr = 0.01, weight_decay = 0.1, momentum_decay = 0.01, decoupled_weight_decay = true } end)
run("radam", function(p) return nn.RAdam { p, lr = 0.01, betas = { 0.9, 0.99 } } end)
run("radam_decay", function(p) return nn.RAdam { p, lr = 0.01, weight_decay = 0.01 } end)
run("adafactor", function(p) return nn.Adafactor { p, lr = 0.05 } end)
run("adafactor_options", function(p) return nn.Adafactor { p, lr = 0.1, beta2_decay = -0.5, eps = { 1e-6, 1e-2 }, d = 1.5, weight_decay = 0.01 } end)
run("muon", function(p) return nn.Muon { p, lr = 0.02 } end)
run("muon_options", function(p)
  return nn.Muon { p, lr = 0.02, momentum = 0.9, nesterov = false, adjust_lr = "match_rms_adamw", ns_steps = 3 }
end)
run("lion", function(p) return nn.Lion { p, lr = 3e-3 } end)
run("lion_decay", function(p) return nn.Lion { p, lr = 3e-3, betas = { 0.8, 0.9 }, weight_decay = 0.1 } end)
run("lamb", function(p) return nn.LAMB { p, lr = 0.02 } end)
run("lamb_decay", function(p) return nn.LAMB { p, lr = 0.02, weight_decay = 0.1, eps = 1e-4 } end)
run("groups", function(p)
  return nn.Adam { { p[1], lr = 0.02 }, { p[2], p[3], weight_decay = 0.1, betas = { 0.8, 0.9 } }, p[4], lr = 0.01 }
end)
run("frozen", function(p) return nn.Adam { p[3], { p[4] }, lr = 0.01 } end)

local function sgd(p) return nn.SGD { p, lr = 0.3, momentum = 0.9 } end
run("clip_value", sgd, { clip_value = 0.02 })
run("clip_norm", sgd, { clip_norm = 0.1 })
run("clip_adaptive", sgd, { clip_adaptive = 0.05 })

do -- the average of the weights after each step
  local net = net_of("ema")
  local opt, ema = nn.SGD { net, lr = 0.1 }, nn.EMA { net, decay = 0.9 }
  cases.add("ema", function()
    local out = { loss = opt:step(function() return loss_of(net, data(0)) end) }
    ema:update()
    outputs(net, out)
    for k, a in ipairs(ema:values()) do out["a" .. (k - 1)] = project(a, 49 + k) end
    return out
  end)
end

local program = {}
do -- four batches a step, through nn.train
  local net, k = net_of("accumulate"), nn.buffer({}, 0, "i32")
  program.accumulate = nn.train { optimizer = nn.Adam { net, lr = 0.02 }, accumulate = 4, loss = function()
    local x, y = data(0)
    for i = 1, 3 do
      local xi, yi = data(i)
      x, y = nn.where(k:eq(i), xi, x), nn.where(k:eq(i), yi, y)
    end
    nn.assign(k, (k + 1) % 4)
    return loss_of(net, x, y)
  end }
  program.after = nn.func { function() return outputs(net, {}) end }
end

program.name, program.model, program.state = "updates", nets, {}
local order = {}
for name, func in pairs(cases.funcs) do program[name] = func end
for i, func in ipairs(cases.order) do order[i] = func end
order[#order + 1], order[#order + 2] = program.accumulate, program.after
program.run = { steps = 100, step = order }
return nn.program(program)
