-- recipes.lua: every optimizer with the options under test, in order: { name, make(parameters), options of nn.train }. Used by updates.lua (on a
-- net) and given.lua (gradients handed in); tests/oracle/library/updates.py has the same names.
local nn = require "nn"
local recipes = {}

local function run(name, make, options) recipes[#recipes + 1] = { name, make, options or {} } end

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

return recipes
