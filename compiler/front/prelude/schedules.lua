-- schedules.lua: learning rates as functions of the number of complete steps, for `lr`; PyTorch's sequences with one step a
-- batch (torch.optim.lr_scheduler, whose names stand beside each). A base may itself be such a function.
local nn, core = ...

local check_rate = core.check_rate

local function base_rate(base, t)
  if type(base) == "function" then return base(t) end
  return base
end

local function check_base(what, base)
  if base == nil then core.fail("field_missing", what, "a learning rate first") end
  if type(base) ~= "function" then check_rate(what, base) end
end

-- Linear from base / warmup at the first step to base at step `warmup`, then what follows.
local function warmed(t, base, warmup, rest)
  if warmup == 0 then return rest end
  return nn.where(t:lt(warmup), base * ((t + 1) / warmup), rest)
end

--- base after a linear warm-up of so many steps: base (t + 1) / steps, at most base.
---@param base nn.Rate
---@param steps integer
---@return nn.Schedule
function nn.warmup(base, steps)
  check_base("nn.warmup", base)
  core.count("nn.warmup", "steps", steps)
  return function(t)
    local b = base_rate(base, t)
    return b * nn.minimum((t + 1) / steps, 1)
  end
end

---@class nn.CosineOptions
---@field warmup? integer `0` steps of a linear warm-up, base / warmup at the first
---@field final? number `0`
---@field steps? integer `nil`: those of the run

--- Half a cosine from base to `final` over the steps of the run (Loshchilov and Hutter 2017, without restarts; CosineAnnealingLR), after a linear warm-up.
---@param base nn.Rate
---@param options? nn.CosineOptions `{}`
---@return nn.Schedule
function nn.cosine(base, options)
  check_base("nn.cosine", base)
  options = core.fields("nn.cosine", options, { warmup = "number", final = "number", steps = "number" })
  local warmup = core.range("nn.cosine", "warmup", options.warmup or 0, 0, math.huge, "at least 0")
  local final = core.range("nn.cosine", "final", options.final or 0, 0, math.huge, "at least 0")
  local steps = options.steps and core.count("nn.cosine", "steps", options.steps)
  return function(t)
    local b = base_rate(base, t)
    local total = steps or core.total_steps()
    local done = warmup == 0 and t / total or nn.maximum(t - warmup, 0) / nn.maximum(total - warmup, 1)
    local half = 0.5 * (1 + (math.pi * nn.minimum(done, 1)):cos())
    local decayed = final == 0 and b * half or final + (b - final) * half
    return warmed(t, b, warmup, decayed)
  end
end

---@class nn.StepDecayOptions
---@field every integer steps
---@field factor? number `0.1`
---@field warmup? integer `0`

--- base * factor^floor(t / every) (StepLR).
---@param base nn.Rate
---@param options nn.StepDecayOptions
---@return nn.Schedule
function nn.step_decay(base, options)
  check_base("nn.step_decay", base)
  options = core.fields("nn.step_decay", options, { every = "number", factor = "number", warmup = "number" })
  local every = core.count("nn.step_decay", "every", options.every)
  local factor = core.range("nn.step_decay", "factor", options.factor or 0.1, 1e-12, 1e12, "above 0")
  local warmup = core.range("nn.step_decay", "warmup", options.warmup or 0, 0, math.huge, "at least 0")
  return function(t)
    local b = base_rate(base, t)
    return warmed(t, b, warmup, b * ((t / every):floor() * math.log(factor)):exp())
  end
end

local function whole_run(what, options) return options.steps and core.count(what, "steps", options.steps) end

---@class nn.MultiStepOptions
---@field milestones integer[] steps
---@field factor? number `0.1`

--- base * factor^(the number of milestones that are reached) (MultiStepLR).
---@param base nn.Rate
---@param options nn.MultiStepOptions
---@return nn.Schedule
function nn.multi_step(base, options)
  check_base("nn.multi_step", base)
  options = core.fields("nn.multi_step", options, { milestones = "any", factor = "number" })
  local factor = core.range("nn.multi_step", "factor", options.factor or 0.1, 1e-12, 1e12, "above 0")
  if type(options.milestones) ~= "table" or #options.milestones == 0 then core.fail("field_missing", "nn.multi_step", "milestones, a list of steps") end
  for _, m in ipairs(options.milestones) do core.count("nn.multi_step", "milestones", m) end
  return function(t)
    local scale = 1.0
    for _, m in ipairs(options.milestones) do scale = scale * nn.where(t:ge(m), factor, 1.0) end
    return base_rate(base, t) * scale
  end
end

---@class nn.ExponentialOptions
---@field factor number

--- base * factor^t (ExponentialLR).
---@param base nn.Rate
---@param options nn.ExponentialOptions
---@return nn.Schedule
function nn.exponential(base, options)
  check_base("nn.exponential", base)
  options = core.fields("nn.exponential", options, { factor = "number" })
  local factor = core.range("nn.exponential", "factor", options.factor, 1e-12, 1e12, "above 0")
  return function(t) return base_rate(base, t) * (t * math.log(factor)):exp() end
end

---@class nn.PolynomialOptions
---@field steps? integer `nil`: those of the run (PyTorch: 5)
---@field power? number `1`

--- base * (1 - t / steps)^power, 0 behind it (PolynomialLR).
---@param base nn.Rate
---@param options? nn.PolynomialOptions `{}`
---@return nn.Schedule
function nn.polynomial(base, options)
  check_base("nn.polynomial", base)
  options = core.fields("nn.polynomial", options, { steps = "number", power = "number" })
  local steps, power = whole_run("nn.polynomial", options), core.range("nn.polynomial", "power", options.power or 1, 0, 1e3, "at least 0")
  return function(t)
    return base_rate(base, t) * (1 - nn.minimum(t / (steps or core.total_steps()), 1)) ^ power
  end
end

---@class nn.LinearWarmupOptions
---@field start? number `1 / 3`
---@field last? number `1`
---@field steps? integer `5`

--- base times what goes linearly from `start` to `last` in so many steps (LinearLR).
---@param base nn.Rate
---@param options? nn.LinearWarmupOptions `{}`
---@return nn.Schedule
function nn.linear_warmup(base, options)
  check_base("nn.linear_warmup", base)
  options = core.fields("nn.linear_warmup", options, { start = "number", last = "number", steps = "number" })
  local start, last = core.number("nn.linear_warmup", "start", options.start, 1 / 3), core.number("nn.linear_warmup", "last", options.last, 1.0)
  local steps = core.count("nn.linear_warmup", "steps", options.steps or 5)
  return function(t) return base_rate(base, t) * (start + (last - start) / steps * nn.minimum(t, steps)) end
end

---@class nn.CosineRestartsOptions
---@field first integer steps of the first half cosine
---@field multiply? integer `1`: each is so many times as long as the one before
---@field final? number `0`

--- Half cosines from base to `final`, one after the other (Loshchilov and Hutter 2017; CosineAnnealingWarmRestarts).
---@param base nn.Rate
---@param options nn.CosineRestartsOptions
---@return nn.Schedule
function nn.cosine_restarts(base, options)
  local what = "nn.cosine_restarts"
  check_base(what, base)
  options = core.fields(what, options, { first = "number", multiply = "number", final = "number" })
  local first, multiply = core.count(what, "first", options.first), core.count(what, "multiply", options.multiply or 1)
  local final = core.range(what, "final", options.final or 0, 0, math.huge, "at least 0")
  return function(t)
    local length, since = first, t % first
    if multiply > 1 then -- by comparing with the beginnings of all periods: exact, which a logarithm of t is not
      local begin, next_begin, next_length = 0, first, first * multiply
      since = t
      while next_begin < 2 ^ 31 do
        local passed = t:ge(next_begin)
        since = since - nn.where(passed, next_begin - begin, 0)
        length = nn.where(passed, next_length, length)
        begin, next_begin, next_length = next_begin, next_begin + next_length, next_length * multiply
      end
    end
    local b = base_rate(base, t)
    return final + (b - final) * (0.5 * (1 + (math.pi * since / length):cos()))
  end
end

-- From a to b as pct goes from 0 to 1
local anneal = {
  cos = function(a, b, pct) return b + (a - b) * (0.5 * (1 + (math.pi * pct):cos())) end,
  linear = function(a, b, pct) return a + (b - a) * pct end,
}

---@class nn.OneCycleOptions
---@field steps? integer `nil`: those of the run
---@field up? number `0.3` of the steps (pct_start)
---@field anneal? "cos"|"linear" `"cos"`
---@field div? number `25`
---@field final_div? number `1e4`
---@field three_phase? boolean `false`; true: down to most / div in as many steps as up, then on

--- Up from most / div to most, then down to most / div / final_div (Smith and Topin 2019; OneCycleLR, whose momentum is left as it is).
---@param most nn.Rate
---@param options? nn.OneCycleOptions `{}`
---@return nn.Schedule
function nn.one_cycle(most, options)
  local what = "nn.one_cycle"
  check_base(what, most)
  options = core.fields(what, options, { steps = "number", up = "number", anneal = "string", div = "number", final_div = "number", three_phase = "boolean" })
  local f, up = anneal[options.anneal or "cos"], core.range(what, "up", options.up or 0.3, 0, 1, "between 0 and 1")
  if not f then core.fail("mode_unknown", what .. "'s anneal", options.anneal) end
  local steps, div, final_div = whole_run(what, options), core.range(what, "div", options.div or 25.0, 1e-12, 1e30, "above 0"), core.range(what, "final_div", options.final_div or 1e4, 1e-12, 1e30, "above 0")
  return function(t)
    local m, total = base_rate(most, t), steps or core.total_steps()
    local initial = m / div
    local least, peak, last = initial / final_div, up * total - 1, total - 1
    local function phase(a, b, from, to) return f(a, b, (t - from) / (to - from)) end
    if not options.three_phase then return nn.where(t:le(peak), phase(initial, m, 0, peak), phase(m, least, peak, last)) end
    local down = 2 * up * total - 2
    return nn.where(t:le(peak), phase(initial, m, 0, peak), nn.where(t:le(down), phase(m, initial, peak, down), phase(initial, least, down, last)))
  end
end

---@class nn.CyclicOptions
---@field most number
---@field up? integer `2000` steps
---@field down? integer `up` steps
---@field mode? "triangular"|"triangular2"|"exp_range" `"triangular"`; "triangular2" halves the height at each cycle, "exp_range" multiplies it by gamma^t
---@field gamma? number `1`

--- Triangles between base and most (Smith 2017; CyclicLR).
---@param base nn.Rate
---@param options nn.CyclicOptions
---@return nn.Schedule
function nn.cyclic(base, options)
  local what = "nn.cyclic"
  check_base(what, base)
  options = core.fields(what, options, { most = "number", up = "number", down = "number", mode = "string", gamma = "number" })
  local most = core.range(what, "most", options.most, 0, math.huge, "at least 0")
  local up = core.count(what, "up", options.up or 2000)
  local down, mode = core.count(what, "down", options.down or up), options.mode or "triangular"
  local gamma = core.range(what, "gamma", options.gamma or 1.0, 1e-12, 1e12, "above 0")
  if mode ~= "triangular" and mode ~= "triangular2" and mode ~= "exp_range" then core.fail("mode_unknown", what, mode) end
  return function(t)
    local since, cycle = t % (up + down), (t / (up + down)):floor() -- cycle counts from 0
    local height = nn.where(since:le(up), since / up, (up + down - since) / down)
    if mode == "triangular2" then height = height * (cycle * -math.log(2)):exp() end
    if mode == "exp_range" then height = height * (t * math.log(gamma)):exp() end
    local b = base_rate(base, t)
    return b + (most - b) * height
  end
end

---@class nn.InverseSqrtOptions
---@field warmup integer steps

--- base * min(n / warmup, sqrt(warmup / n)), n = t + 1: a linear warm-up to base, then its inverse square root.
---@param base nn.Rate
---@param options nn.InverseSqrtOptions
---@return nn.Schedule
function nn.inverse_sqrt(base, options)
  check_base("nn.inverse_sqrt", base)
  options = core.fields("nn.inverse_sqrt", options, { warmup = "number" })
  local warmup = core.count("nn.inverse_sqrt", "warmup", options.warmup)
  return function(t)
    local n = t + 1
    return base_rate(base, t) * nn.minimum(n / warmup, (warmup / n):sqrt())
  end
end

---@class nn.NoamOptions
---@field size integer of the model
---@field warmup? integer `4000` steps
---@field scale? number `1`

--- scale / sqrt(size) * min(1 / sqrt(n), n / warmup^1.5), n = t + 1 (Vaswani et al. 2017, eq. 3).
---@param options nn.NoamOptions
---@return nn.Schedule
function nn.noam(options)
  options = core.fields("nn.noam", options, { size = "number", warmup = "number", scale = "number" })
  local size, warmup = core.count("nn.noam", "size", options.size), core.count("nn.noam", "warmup", options.warmup or 4000)
  local scale = core.range("nn.noam", "scale", options.scale or 1, 1e-30, math.huge, "above 0")
  return nn.inverse_sqrt(scale / math.sqrt(size * warmup), { warmup = warmup })
end
