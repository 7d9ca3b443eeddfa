-- optim.lua: optimizers and schedules. Formulas and order of operations as in PyTorch (torch.optim, one tensor at a
-- time). What depends on the step alone (learning rate, bias corrections) is computed once as scalars; each parameter's
-- update is the same elementwise graph of (parameter, gradient, moments), so that all of them fuse into one loop. For
-- 16-bit parameters it computes in f32 and rounds what it assigns.
local nn, core = ...

-- Names of their states: optimizer.0, optimizer.1, … in the order of construction (program.lua).
core.optimizers = {}

-- opt:update(gradients): gradients is a list in the order of opt.parameters, or a tree like what was given.
local function gradients_of(self, gradients)
  local list = {}
  local function add(t)
    if core.is_tensor(t) then list[#list + 1] = t
    elseif type(t) == "table" then for _, value in pairs(t) do add(value) end
    else core.fail("tree_leaf", "update", core.what(t)) end
  end
  add(gradients)
  if #list ~= #self.parameters then core.fail("optimizer_gradients", self.kind, #list, #self.parameters) end
  return list
end

-- Rescales all gradients together so that their common norm is at most `most` (Pascanu et al. 2013), as
-- torch.nn.utils.clip_grad_norm_ does.
local function clip(gradients, most)
  local total
  for _, g in ipairs(gradients) do
    local wide = core.wide(g)
    local square = (wide * wide):sum()
    total = total and total + square or square
  end
  local scale = nn.minimum(most / (total:sqrt() + 1e-6), 1)
  local clipped = {}
  for i, g in ipairs(gradients) do clipped[i] = (core.wide(g) * scale):cast(g.dtype) end
  return clipped, total:sqrt()
end

function nn.clip_grad_norm(gradients, most)
  core.range("nn.clip_grad_norm", "the norm", most, 1e-30, math.huge, "above 0")
  if type(gradients) ~= "table" or core.kind(gradients) then core.fail("list_wanted", "nn.clip_grad_norm", core.what(gradients)) end
  local list = {}
  for _, g in ipairs(gradients) do list[#list + 1] = core.tensor("nn.clip_grad_norm", g) end
  if #list == 0 then core.fail("list_wanted", "nn.clip_grad_norm", "an empty list") end
  return clip(list, most)
end

local function check_loss(self, loss)
  if not core.is_tensor(loss) then core.fail("loss_result", self.kind, core.what(loss)) end
  if loss.rank > 0 then core.fail("loss_shape", self.kind, core.tensor_text(loss)) end
end

-- Calls f, differentiates its first result, updates; returns all that f returned.
local function step(self, f, options)
  if type(f) ~= "function" then core.fail("function_wanted", self.kind .. ":step", "its argument", core.what(f)) end
  local results = table.pack(f())
  check_loss(self, results[1])
  local gradients = core.gradient(results[1], self.parameters)
  if options and options.clip_norm then gradients = clip(gradients, options.clip_norm) end
  self:update(gradients)
  return table.unpack(results, 1, results.n)
end

local function update(self, gradients)
  local list = gradients_of(self, gradients)
  core.at(self, self.apply, self, list)
end

-- The learning rate of this step, a scalar; t counts complete steps.
local function rate(self, t)
  local lr = self.lr
  if type(lr) == "function" then lr = lr(t) end
  if type(lr) ~= "number" and not core.is_tensor(lr) then core.fail("number_wanted", self.kind, "lr", core.what(lr)) end
  return lr
end

local function check_rate(what, lr)
  if type(lr) == "number" then core.range(what, "lr", lr, 0, math.huge, "at least 0")
  elseif type(lr) ~= "function" and not core.is_tensor(lr) then core.fail("number_wanted", what, "lr", core.what(lr)) end
end

-- { trees…, option = … }: the trees' parameters become self.parameters; each moment is a list beside it.
local function optimizer(kind, options, known, moments, apply)
  known.lr = "any"
  core.fields(kind, options, known, math.huge)
  local trees = {}
  for i, tree in ipairs(options) do
    if type(tree) ~= "table" and not core.is_tensor(tree) then core.fail("optimizer_empty", kind) end
    if core.kind(tree) == "state" and not core.state(tree) then core.fail("optimizer_frozen", kind, core.tensor_text(tree)) end
    trees[i] = tree
  end
  local self = { kind = kind, parameters = nn.parameters(trees), lr = options.lr == nil and 1e-3 or options.lr, apply = apply, step = step, update = update }
  if #self.parameters == 0 then core.fail("optimizer_empty", kind) end
  check_rate(kind, self.lr)
  core.object(self, kind)
  core.at(self, function()
    self.t = nn.buffer({}, 0, "i32")
    for _, name in ipairs(moments) do
      self[name] = {}
      for i, p in ipairs(self.parameters) do self[name][i] = nn.buffer(p.shape, 0, p.dtype) end
    end
  end)
  core.optimizers[#core.optimizers + 1] = { object = self, moments = moments }
  return self
end

local function assign(state, value) nn.assign(state, value:cast(state.dtype)) end

-- Runs body(t) with t, the complete steps as a float, then counts this one.
local function counted(self, body)
  local t = self.t:cast(core.scalar())
  body(t, rate(self, t))
  nn.assign(self.t, self.t + 1)
end

-- ---- SGD ----
local function sgd_apply(self, gradients)
  counted(self, function(_, lr)
    local negative = -lr
    for i, p in ipairs(self.parameters) do
      local g, w = core.wide(gradients[i]), core.wide(p)
      if self.weight_decay ~= 0 then g = g + self.weight_decay * w end
      if self.momentum ~= 0 then
        local buf = self.momentum_buffer[i]
        local moved = self.momentum * core.wide(buf) + g
        assign(buf, moved)
        g = self.nesterov and g + self.momentum * moved or moved
      end
      assign(p, w + g * negative)
    end
  end)
end

function nn.SGD(options)
  options = core.fields("nn.SGD", options, { lr = "any", momentum = "number", nesterov = "boolean", weight_decay = "number" }, math.huge)
  local momentum = core.range("nn.SGD", "momentum", options.momentum or 0, 0, 1, "between 0 and 1")
  local decay = core.range("nn.SGD", "weight_decay", options.weight_decay or 0, 0, math.huge, "at least 0")
  if options.lr == nil then core.fail("field_missing", "nn.SGD", "lr, a learning rate") end
  if options.nesterov and momentum == 0 then core.fail("field_missing", "nn.SGD", "a momentum for nesterov") end
  local self = optimizer("nn.SGD", options, { momentum = "number", nesterov = "boolean", weight_decay = "number" },
                         momentum ~= 0 and { "momentum_buffer" } or {}, sgd_apply)
  self.momentum, self.nesterov, self.weight_decay = momentum, options.nesterov or false, decay
  return self
end

-- ---- Adam (Kingma and Ba 2015) and AdamW (Loshchilov and Hutter 2019) ----

-- beta^t - 1 for t = 1, 2, …: by expm1, which keeps the digits that 0.999^t - 1 loses in f32
local function minus_correction(beta, t) return (t * math.log(beta)):expm1() end

local function adam_apply(self, gradients)
  counted(self, function(t, lr)
    local b1, b2, eps, decay = self.betas[1], self.betas[2], self.eps, self.weight_decay
    local after = t + 1
    local size = lr / minus_correction(b1, after)             -- minus the step size, lr / (1 - b1^t)
    local root = 1 / (-minus_correction(b2, after)):sqrt()    -- 1 / sqrt(1 - b2^t)
    local shrink = self.decoupled and decay ~= 0 and 1 - lr * decay
    for i, p in ipairs(self.parameters) do
      local g, m, v, w = core.wide(gradients[i]), self.exp_avg[i], self.exp_avg_sq[i], core.wide(p)
      if shrink then w = w * shrink
      elseif decay ~= 0 then g = g + decay * w end
      local m1 = core.wide(m) * b1 + g * (1 - b1)
      local v1 = core.wide(v) * b2 + g * g * (1 - b2)
      assign(m, m1)
      assign(v, v1)
      assign(p, w + m1 * size / (v1:sqrt() * root + eps))
    end
  end)
end

local function adam(kind, options, decoupled, decay)
  local known = { lr = "any", betas = "any", eps = "number", weight_decay = "number" }
  options = core.fields(kind, options, known, math.huge)
  local betas = options.betas or { 0.9, 0.999 }
  if type(betas) ~= "table" or #betas ~= 2 then core.fail("field_missing", kind, "betas as a list of two numbers") end
  for i = 1, 2 do core.range(kind, "betas", betas[i], 1e-12, 1 - 1e-12, "between 0 and 1, both excluded") end
  local eps = core.range(kind, "eps", options.eps or 1e-8, 0, math.huge, "at least 0")
  decay = core.range(kind, "weight_decay", options.weight_decay or decay, 0, math.huge, "at least 0")
  local self = optimizer(kind, options, known, { "exp_avg", "exp_avg_sq" }, adam_apply)
  self.betas, self.eps, self.weight_decay, self.decoupled = betas, eps, decay, decoupled
  return self
end

function nn.Adam(options) return adam("nn.Adam", options, false, 0) end
function nn.AdamW(options) return adam("nn.AdamW", options, true, 0.01) end

-- ---- schedules: functions of the number of complete steps, for lr ----

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

-- constant: base after a linear warm-up
function nn.warmup(base, steps)
  check_base("nn.warmup", base)
  core.count("nn.warmup", "steps", steps)
  return function(t)
    local b = base_rate(base, t)
    return b * nn.minimum((t + 1) / steps, 1)
  end
end

-- Half a cosine from base to `final` over the steps of the run (Loshchilov and Hutter 2017, without restarts), as
-- torch's CosineAnnealingLR stepped once a batch. steps: other than the whole run.
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

-- base * factor^(floor(t / every)), as torch's StepLR
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
