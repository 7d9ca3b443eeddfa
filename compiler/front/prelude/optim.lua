-- optim.lua: what all optimizers share (groups, step, update, states), and SGD, Adam, AdamW; the others are in
-- optimizers.lua. Formulas and order of operations as in PyTorch (torch.optim, one tensor at a time). What depends on the
-- step alone (learning rate, bias corrections) is computed once as scalars; each parameter's update is the same
-- elementwise graph of (parameter, gradient, moments), so that all of them fuse into one loop. 16-bit parameters are
-- updated in f32 and rounded where they are assigned.
--
-- nn.Adam { tree, tree, lr = …, { tree, lr = … } }: a plain table that has an option among its keys is a group with
-- options of its own; the others are trees. Freezing is not listing.
local nn, core = ...

-- Objects that own states: { prefix, states = { { name, state, parameter? } … } }; program.lua names them
-- optimizer.0.exp_avg.0.weight, ema.0.0.weight … in the order of construction.
core.owners = {}

function core.own(prefix, states) core.owners[#core.owners + 1] = { prefix = prefix, states = states } end

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

local function check_loss(self, loss)
  if not core.is_tensor(loss) then core.fail("loss_result", self.kind, core.what(loss)) end
  if loss.rank > 0 then core.fail("loss_shape", self.kind, core.tensor_text(loss)) end
end
core.check_loss = check_loss

-- Adds the gradients to the sums, which begin anew behind a move, and calls move with their mean over k calls in every k-th
-- call alone. The branch only reads the sums: so they are updated where they lie.
local function accumulate(self, gradients, k, move)
  local count, sums = self.accumulated_count, {}
  local begins, due = count:eq(0), count:ge(k - 1)
  for i, g in ipairs(gradients) do
    sums[i] = nn.where(begins, 0, self.accumulated[i]) + g
    nn.assign(self.accumulated[i], sums[i])
  end
  nn.assign(count, nn.where(due, 0, count + 1))
  nn.cond(due, function()
    local means = {}
    for i, sum in ipairs(sums) do means[i] = sum / k end
    move(means)
  end)
end

-- self[list]: zeros like each parameter, self[count]: a number of calls; their states, those of the list by the name `label`
function core.beside(self, list, count, label)
  local states = {}
  self[list] = {}
  core.at(self, function()
    self[count] = nn.buffer({}, 0, "i32")
    for i, p in ipairs(self.parameters) do
      self[list][i] = nn.buffer(p.shape, 0, p.dtype)
      states[i] = { label, self[list][i], p }
    end
  end)
  states[#states + 1] = { count, self[count] }
  return states
end

-- Sums of gradients for nn.train { accumulate = k }
function core.accumulate(self)
  if self.accumulated then return end
  for _, state in ipairs(core.beside(self, "accumulated", "accumulated_count", "accumulated")) do
    table.insert(self.owner.states, state)
  end
end

local function clipped(self, gradients, options)
  if options.clip_value then gradients = nn.clip_grad_value(gradients, options.clip_value) end
  if options.clip_adaptive then gradients = nn.clip_grad_adaptive(gradients, self.parameters, options.clip_adaptive) end
  if options.clip_norm then gradients = nn.clip_grad_norm(gradients, options.clip_norm) end
  return gradients
end

-- Calls f, differentiates its first result, updates; returns all that f returned.
local function step(self, f, options)
  if type(f) ~= "function" then core.fail("function_wanted", self.kind .. ":step", "its argument", core.what(f)) end
  options = options or {}
  local results = table.pack(f())
  check_loss(self, results[1])
  local gradients = core.gradient(results[1], self.parameters)
  if options.watch then options.watch(self.parameters, gradients) end
  local function move(means) -- what clips stands where it is asked for: at the nn.train, or at the step
    self:update(options.func and core.at(options.func, clipped, self, means, options) or clipped(self, means, options))
  end
  if options.accumulate then core.at(self, accumulate, self, gradients, options.accumulate, move) else move(gradients) end
  return table.unpack(results, 1, results.n)
end

-- ---- one update ----

local function put(state, value)
  nn.assign(state, core.is_tensor(value) and value:cast(state.dtype) or value)
end

-- The learning rate of a group at this step, a number or scalar; t counts complete steps.
function core.rate(self, group, t)
  local lr = group.lr
  if lr == nil then lr = self.lr end
  if type(lr) == "function" then lr = lr(t) end
  core.check_rate(self.kind, lr)
  return self.scale and lr * self.scale or lr
end

local function apply(self, gradients)
  local t = self.t:cast(core.scalar())
  local scalars = {}
  for k, group in ipairs(self.groups) do
    local s, moved = self.spec.scalars(group, t, core.rate(self, group, t), self.t)
    scalars[k] = s
    for name, value in pairs(moved or {}) do put(group[name], value) end
  end
  for i, p in ipairs(self.parameters) do
    local group = self.groups[self.group_of[i]]
    local held = {} -- 16-bit parameters: computed in f32, rounded by what is assigned
    for name, moment in pairs(self.moments[i]) do held[name] = core.wide(moment) end
    local value, moments = self.spec.update(group, scalars[self.group_of[i]], core.wide(gradients[i]), core.wide(p), held)
    for name, moment in pairs(moments) do put(self.moments[i][name], moment) end
    put(p, value)
  end
  put(self.t, self.t + 1)
end

local function update(self, gradients)
  local list = gradients_of(self, gradients)
  core.at(self, apply, self, list)
end

-- ---- making one ----

local function check_rate(what, lr)
  if type(lr) == "number" then core.range(what, "lr", lr, 0, math.huge, "at least 0")
  elseif core.is_tensor(lr) and lr.rank > 0 then core.fail("layer_field", what, "lr", "a number or a scalar", core.tensor_text(lr))
  elseif type(lr) ~= "function" and not core.is_tensor(lr) then core.fail("number_wanted", what, "lr", core.what(lr)) end
end
core.check_rate = check_rate

-- An option's rule is its default alone (booleans, strings), or { default, low, high, text } of a number or of each number
-- of a list.
local function check_option(kind, name, value, rule)
  if type(rule) ~= "table" then return value end
  if type(rule[1]) == "table" then
    if type(value) ~= "table" or core.kind(value) or #value ~= #rule[1] then core.fail("field_missing", kind, name .. " as a list of " .. #rule[1] .. " numbers") end
    for _, number in ipairs(value) do core.range(kind, name, number, rule[2], rule[3], rule[4]) end
    return value
  end
  return core.range(kind, name, value, rule[2], rule[3], rule[4])
end

local function known_fields(spec)
  local known = { lr = "any" }
  for name, rule in pairs(spec.options) do
    if type(rule) == "table" then known[name] = type(rule[1]) == "table" and "any" or "number" else known[name] = type(rule) end
  end
  return known
end

-- given's options, those of `otherwise` where it has none
local function options_of(kind, spec, given, otherwise)
  local group = { lr = given.lr }
  if given.lr ~= nil then check_rate(kind, given.lr) end
  for name, rule in pairs(spec.options) do
    local value = given[name]
    if value ~= nil then value = check_option(kind, name, value, rule)
    elseif otherwise then value = otherwise[name]
    elseif type(rule) == "table" then value = rule[1]
    else value = rule end
    group[name] = value
  end
  if spec.check then spec.check(group, kind) end
  return group
end

local function is_group(t, known)
  if type(t) ~= "table" or core.kind(t) then return false end
  for name in pairs(known) do
    if t[name] ~= nil then return true end
  end
  return false
end

local function check_trees(kind, trees)
  for _, tree in ipairs(trees) do
    if type(tree) ~= "table" and not core.is_tensor(tree) then core.fail("optimizer_empty", kind) end
    if core.kind(tree) == "state" and not core.state(tree) then core.fail("optimizer_frozen", kind, core.tensor_text(tree)) end
  end
end
core.check_trees = check_trees

-- Sorts the positional fields into groups: the first has the options at the top, each group table its own.
local function collect_groups(self, spec, options, known)
  local plain, groups = {}, {}
  for _, tree in ipairs(options) do
    if is_group(tree, known) then
      core.fields(self.kind, tree, known, math.huge)
      groups[#groups + 1] = tree
    else
      plain[#plain + 1] = tree
    end
  end
  check_trees(self.kind, plain)
  local first = options_of(self.kind, spec, options)
  first.lr = nil -- that is self.lr, which may be assigned
  local all, group_by = { plain }, {}
  if #plain > 0 then self.groups[1] = first end
  for _, p in ipairs(nn.parameters(plain)) do group_by[p] = 1 end
  for _, group in ipairs(groups) do
    local trees = table.pack(table.unpack(group))
    trees.n = nil
    check_trees(self.kind, trees)
    self.groups[#self.groups + 1] = options_of(self.kind, spec, group, first)
    all[#all + 1] = trees
    local parameters = nn.parameters(trees)
    if #parameters == 0 then core.fail("optimizer_empty", self.kind) end
    for _, p in ipairs(parameters) do
      if group_by[p] then core.fail("optimizer_twice", self.kind, core.tensor_text(p)) end
      group_by[p] = #self.groups
    end
  end
  self.parameters, self.group_of = nn.parameters(all), {}
  for i, p in ipairs(self.parameters) do self.group_of[i] = group_by[p] end
end

local function make_states(self, spec)
  self.t = nn.buffer({}, 0, "i32")
  local states = { { "step", self.t } }
  for i, p in ipairs(self.parameters) do
    local moments = {}
    for _, moment in ipairs(spec.moments(self.groups[self.group_of[i]], p)) do
      local name, shape, init = moment[1], moment[2] or p.shape, moment[3] or 0
      moments[name] = nn.buffer(shape, init, p.dtype)
      states[#states + 1] = { name, moments[name], p }
      self[name] = self[name] or {}
      self[name][i] = moments[name]
    end
    self.moments[i] = moments
  end
  for k, group in ipairs(self.groups) do
    for name, init in pairs(spec.shared or {}) do
      group[name] = nn.buffer({}, init, "f64")
      states[#states + 1] = { k == 1 and name or name .. "." .. k - 1, group[name] }
    end
  end
  return states
end

-- Squares in f16 end at 6e-8: a moment of smaller ones is 0, and what was to be divided by its root by eps alone.
local function warn_eps(self, spec)
  local name = spec.options.adam_eps and "adam_eps" or "eps"
  for i, p in ipairs(self.parameters) do
    local eps = self.groups[self.group_of[i]][name]
    if p.dtype == "f16" and type(eps) == "number" and eps < 2 ^ -15 then
      return core.warn_at(self, "optimizer_eps", self.kind, name, eps, name)
    end
  end
end

-- nn.<name> { trees and groups…, lr = …, options… }. spec: options (rules), lr (default, nil: needed), check(group, kind),
-- moments(group, p) -> { { name, shape?, init? } … }, shared = { scalar = initial value }, scalars(group, t, lr, count) ->
-- s, { scalar = value }, update(group, s, g, p, moments) -> new p, { moment = value }.
function core.optimizer(name, spec)
  local kind, known = "nn." .. name, known_fields(spec)
  nn[name] = function(options)
    options = core.fields(kind, options, known, math.huge)
    local self = { kind = kind, spec = spec, groups = {}, moments = {}, step = step, update = update }
    self.lr = options.lr == nil and spec.lr or options.lr
    collect_groups(self, spec, options, known)
    if #self.parameters == 0 then core.fail("optimizer_empty", kind) end
    for _, group in ipairs(self.groups) do
      if self.lr == nil and group.lr == nil then core.fail("field_missing", kind, "lr, a learning rate") end
    end
    core.object(self, kind)
    warn_eps(self, spec)
    core.own("optimizer", core.at(self, make_states, self, spec))
    self.owner = core.owners[#core.owners]
    self.owner.parameters = self.parameters
    return self
  end
end

local at_least_zero, unit = "at least 0", "between 0 and 1"
local decay = { 0, 0, math.huge, at_least_zero }
core.rules = {
  decay = decay,
  eps = function(default) return { default, 0, math.huge, at_least_zero } end,
  unit = function(default) return { default, 0, 1, unit } end,
  betas = function(first, second) return { { first, second }, 1e-12, 1 - 1e-12, "between 0 and 1, both excluded" } end,
}
local rules = core.rules

-- ---- SGD (Robbins and Monro 1951; momentum: Polyak 1964, Nesterov 1983, as in Sutskever et al. 2013) ----

core.optimizer("SGD", {
  options = { momentum = rules.unit(0), dampening = rules.unit(0), nesterov = false, weight_decay = decay },
  check = function(o, kind)
    if o.nesterov and o.momentum == 0 then core.fail("field_missing", kind, "a momentum for nesterov") end
    if o.nesterov and o.dampening ~= 0 then core.fail("field_missing", kind, "a dampening of 0 for nesterov") end
  end,
  moments = function(o) return o.momentum ~= 0 and { { "momentum_buffer" } } or {} end,
  scalars = function(o, t, lr) return { negative = -lr, first = o.momentum ~= 0 and o.dampening ~= 0 and t:eq(0) } end,
  update = function(o, s, g, p, m)
    if o.weight_decay ~= 0 then g = g + o.weight_decay * p end
    local moments = {}
    if o.momentum ~= 0 then
      local moved
      if o.dampening ~= 0 then -- PyTorch's first step takes the gradient undamped
        moved = o.momentum * m.momentum_buffer + nn.where(s.first, g, g * (1 - o.dampening))
      else
        moved = o.momentum * m.momentum_buffer + g
      end
      moments.momentum_buffer = moved
      g = o.nesterov and g + o.momentum * moved or moved
    end
    return p + g * s.negative, moments
  end,
})

-- ---- Adam (Kingma and Ba 2015; amsgrad: Reddi et al. 2018) and AdamW (Loshchilov and Hutter 2019) ----

-- beta^t - 1 for t = 1, 2, …: by expm1, which keeps the digits that 0.999^t - 1 loses in f32
local function minus_correction(beta, t) return (t * math.log(beta)):expm1() end

-- Decoupled weight decay, s.decay = lr * weight_decay. Not p * (1 - decay), whose factor is rounded to p's dtype: by the same 3e-8 in
-- every step, which in 100 steps of f32 is 1.5e-6 of p (measured, in PyTorch too).
function core.shrunk(o, s, p) return o.weight_decay ~= 0 and p - p * s.decay or p end

local function adam_moments(o)
  local moments = { { "exp_avg" }, { "exp_avg_sq" } }
  if o.amsgrad then moments[3] = { "max_exp_avg_sq" } end
  return moments
end

local function adam_scalars(decoupled)
  return function(o, t, lr)
    local after = t + 1
    return {
      size = lr / minus_correction(o.betas[1], after),             -- minus the step size, lr / (1 - b1^t)
      root = 1 / (-minus_correction(o.betas[2], after)):sqrt(),    -- 1 / sqrt(1 - b2^t)
      decay = decoupled and lr * o.weight_decay,
      coupled = not decoupled and o.weight_decay ~= 0,
    }
  end
end

local function adam_update(o, s, g, p, m)
  local b1, b2, w = o.betas[1], o.betas[2], p
  if s.decay then w = core.shrunk(o, s, p) end
  if s.coupled then g = g + o.weight_decay * p end
  local m1 = m.exp_avg * b1 + g * (1 - b1)
  local v1 = m.exp_avg_sq * b2 + g * g * (1 - b2)
  local moments, v = { exp_avg = m1, exp_avg_sq = v1 }, v1
  if o.amsgrad then
    v = nn.maximum(m.max_exp_avg_sq, v1)
    moments.max_exp_avg_sq = v
  end
  return w + m1 * s.size / (v:sqrt() * s.root + o.eps), moments
end

local function adam(name, decoupled, weight_decay)
  core.optimizer(name, {
    lr = 1e-3,
    options = { betas = rules.betas(0.9, 0.999), eps = rules.eps(1e-8), weight_decay = rules.eps(weight_decay), amsgrad = false },
    moments = adam_moments, scalars = adam_scalars(decoupled), update = adam_update,
  })
end
adam("Adam", false, 0)
adam("AdamW", true, 0.01)
core.adam = { moments = adam_moments, scalars = adam_scalars, update = adam_update }
