-- schedules.lua: 60 learning rates of every schedule; plateau and early stopping on a given sequence (tests/oracle/library/schedules.py).
local nn = require "nn"
local formula = require "formula"
local steps = 60

local schedules = {
  cosine = nn.cosine(0.2, { final = 0.01 }), cosine_warmup = nn.cosine(0.2, { warmup = 10 }),
  warmup = nn.warmup(0.2, 7), warmup_exponential = nn.warmup(nn.exponential(0.2, { factor = 0.9 }), 13),
  step_decay_plain = nn.step_decay(0.2, { every = 13 }), multi_step_plain = nn.multi_step(0.2, { milestones = { 1 } }),
  exponential_up = nn.exponential(0.2, { factor = 1.01 }), polynomial_plain = nn.polynomial(0.2), linear_warmup_plain = nn.linear_warmup(0.2),
  inverse_sqrt_odd = nn.inverse_sqrt(0.2, { warmup = 5 }), noam_odd = nn.noam { size = 9, warmup = 31, scale = 0.7 },
  step_decay = nn.step_decay(0.2, { every = 7, factor = 0.5 }), multi_step = nn.multi_step(0.2, { milestones = { 5, 20, 21 }, factor = 0.3 }),
  exponential = nn.exponential(0.2, { factor = 0.95 }), polynomial = nn.polynomial(0.2, { steps = 50, power = 1.7 }),
  linear_warmup = nn.linear_warmup(0.2, { start = 0.25, last = 0.9, steps = 13 }),
  constant = function(t) return nn.where(t:lt(4), 0.5, 1.0) * 0.2 end,
  cosine_restarts = nn.cosine_restarts(0.2, { first = 9, final = 0.02 }), cosine_restarts_longer = nn.cosine_restarts(0.2, { first = 5, multiply = 2 }),
  one_cycle = nn.one_cycle(0.4), one_cycle_linear = nn.one_cycle(0.4, { up = 0.4, anneal = "linear", three_phase = true, div = 10, final_div = 50 }),
  cyclic = nn.cyclic(0.1, { most = 0.5, up = 7, down = 4 }), cyclic_halved = nn.cyclic(0.1, { most = 0.5, up = 6, mode = "triangular2" }),
  cyclic_range = nn.cyclic(0.1, { most = 0.5, up = 6, mode = "exp_range", gamma = 0.97 }),
  inverse_sqrt = nn.inverse_sqrt(0.2, { warmup = 12 }), noam = nn.noam { size = 64, warmup = 8 },
}

local k, loss, minus = nn.buffer({}, -1, "i32"), nn.buffer({}, 0), nn.buffer({}, 0)

local rates = nn.func { function()
  nn.assign(k, k + 1)
  local t, out = k:cast "float", {}
  for name, schedule in pairs(schedules) do out[name] = schedule(t) end
  local stall = nn.where(t:gt(25), 0.03 * (30 - t) / 30, 0.03)
  nn.assign(loss, 1 / (1 + 0.3 * nn.minimum(t, 12)) + stall + formula.tensor(80, { steps }, 0.02):gather(1, nn.value(k)))
  nn.assign(minus, -loss)
  return out
end }

local program = { name = "schedules", rates = rates }
local order = { rates }
local options = {
  plateau = { patience = 3, factor = 0.5 },
  plateau_cooldown = { patience = 2, factor = 0.3, cooldown = 4, min_lr = 0.02, threshold = 0.05, threshold_mode = "abs" },
}
for name, given in pairs(options) do
  for _, mode in ipairs { "min", "max" } do
    local o = { watch = mode == "min" and loss or minus, mode = mode, optimizer = nn.SGD { nn.parameter { 1 }, lr = 0.2 } }
    for key, value in pairs(given) do o[key] = value end
    local func = nn.plateau(o)
    program[name .. "_" .. mode], order[#order + 1] = func, func
  end
end

-- kept: the last step that was better than all before by 0.01
local kept = nn.buffer({}, 0)
program.mark = nn.func { function() nn.assign(kept, k:cast "float") end }
program.early, program.restore = nn.early_stopping { watch = loss, keep = { kept }, patience = nn.hyper("patience", 6), min_delta = 0.01 }
program.early_max = nn.early_stopping { watch = minus, patience = 3, mode = "max" }
program.restored = nn.func { function() return { value = nn.value(kept) } end }
order[#order + 1], order[#order + 2], order[#order + 3] = program.mark, program.early, program.early_max
program.run = { steps = steps, step = order, after = { program.restore, program.restored } }
return nn.program(program)
