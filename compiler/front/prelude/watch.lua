-- watch.lua: host logic as graph logic (LANGUAGE.md, idea 4): averages of parameters, norms, plateaus, early stopping. Scalars in
-- buffers, moved on by functions of the program; the driver knows only "this output is not zero". So all of it lies in
-- checkpoints, and resuming goes on exactly.
local nn, core = ...

-- ---- averages of weights ----

---@class nn.EMAOptions
---@field [1] any a tree; further ones may follow
---@field decay? number `0.999`, 0 to 1

--- Exponential moving average of the parameters of a tree (Polyak and Juditsky 1992). The first update copies; then average = average + (1 - decay) *
--- (parameter - average), as torch.optim.swa_utils' AveragedModel.
---@param options nn.EMAOptions
---@return nn.Average
function nn.EMA(options)
  options = core.fields("nn.EMA", options, { decay = "number" }, math.huge)
  local decay = core.range("nn.EMA", "decay", options.decay or 0.999, 0, 1, "between 0 and 1")
  local trees = {}
  for i, tree in ipairs(options) do trees[i] = tree end
  local self = core.object({ parameters = nn.parameters(trees) }, "nn.EMA")
  if #self.parameters == 0 then core.fail("optimizer_empty", "nn.EMA") end
  core.own("ema", core.beside(self, "averages", "updates", ""))
  self.owner = core.owners[#core.owners]

  function self.update()
    core.at(self, function()
      local first = self.updates:eq(0)
      for i, p in ipairs(self.parameters) do
        local average = core.wide(self.averages[i])
        local moved = average + (core.wide(p) - average) * (1 - decay) -- f32's decay and 1 - decay do not add up to 1
        nn.assign(self.averages[i], nn.where(first, p, moved:cast(p.dtype)))
      end
      nn.assign(self.updates, self.updates + 1)
    end)
  end
  function self.swap()
    core.at(self, function()
      for i, p in ipairs(self.parameters) do
        local value = nn.value(p)
        nn.assign(p, nn.value(self.averages[i]))
        nn.assign(self.averages[i], value)
      end
    end)
  end
  function self.values() return nn.values(self.averages) end
  return self
end

-- ---- norms of weights, gradients and updates ----

local function norm(x)
  local wide = core.wide(x)
  return (wide * wide):sum():sqrt()
end

-- nn.train's watch, true or a glob of names: begin(parameters, gradients) before the optimizer moves, finish(outputs) after it
-- puts for each parameter weight.NAME and gradient.NAME, norms of what came in (of gradients as they were taken, before
-- clipping), update.NAME, the norm of what was added, and ratio.NAME, update to weight, 0 where the weight was 0. self.func is the nn.train.
function core.norms(filter)
  local list, self = {}, {}
  if filter ~= true and type(filter) ~= "string" then core.fail("string_wanted", "nn.train", "watch", core.what(filter)) end
  function self.begin(parameters, gradients)
    list = {}
    for i, p in ipairs(parameters) do
      local _, _, name = core.state(p)
      if filter == true or core.glob(filter, name) then
        list[#list + 1] = { name = name, state = p, weight = nn.value(p), gradient = gradients[i] }
      end
    end
    if #list == 0 then core.fail_at(self.func, "watch_none", "nn.train's watch", filter) end
  end
  function self.finish(outputs)
    for _, x in ipairs(list) do
      local weight, update = norm(x.weight), norm(core.wide(nn.value(x.state)) - core.wide(x.weight))
      outputs["weight." .. x.name], outputs["gradient." .. x.name] = weight, norm(x.gradient)
      outputs["update." .. x.name] = update
      outputs["ratio." .. x.name] = nn.where(weight:eq(0), 0, update / weight)
    end
  end
  return self
end

-- ---- watching a metric ----

local function watched(what, options)
  local watch = options.watch
  if not core.is_tensor(watch) or watch.rank ~= 0 then core.fail("field_missing", what, "watch, a scalar state such as validate.metrics.loss") end
  local mode = options.mode or "min"
  if mode ~= "min" and mode ~= "max" then core.fail("mode_unknown", what, mode) end
  return watch, mode, mode == "min" and math.huge or -math.huge
end

-- Is a better than best by more than the threshold?
local function better(a, best, mode, threshold, relative)
  if mode == "min" then
    return a:lt(relative and best * (1 - threshold) or best - threshold)
  end
  return a:gt(relative and best * (1 + threshold) or best + threshold)
end

-- A number of calls, checked by core.whole or core.count, or a scalar such as nn.hyper
local function calls(what, name, value, check, low)
  if core.is_tensor(value) and value.rank == 0 then return value end
  return check(what, name, value, low)
end

---@class nn.PlateauOptions
---@field watch nn.Tensor a scalar state, such as validate.metrics.loss
---@field optimizer nn.Optimizer
---@field factor? number `0.1`, at least 0 and below 1
---@field patience? integer|nn.Tensor `10` calls; may be an nn.hyper
---@field threshold? number `1e-4`
---@field threshold_mode? "rel"|"abs" `"rel"`
---@field cooldown? integer `0` calls
---@field min_lr? number `0`
---@field eps? number `1e-8`: the least change
---@field mode? "min"|"max" `"min"`

--- Multiplies the optimizer's rates by factor once `watch` has not got better by threshold for more than `patience` calls (ReduceLROnPlateau). A function for
--- `each_epoch`, behind what it watches; its outputs are lr (of the first group) and bad, the calls without progress.
---@param options nn.PlateauOptions
---@return nn.Func
function nn.plateau(options)
  local what = "nn.plateau"
  options = core.fields(what, options, {
    watch = "any", optimizer = "any", factor = "number", patience = "any", threshold = "number", threshold_mode = "string",
    cooldown = "number", min_lr = "number", eps = "number", mode = "string",
  })
  local watch, mode, worst = watched(what, options)
  local opt = options.optimizer
  if type(opt) ~= "table" or not opt.owner then core.fail("field_missing", what, "optimizer, one of the library's") end
  local factor = core.range(what, "factor", options.factor or 0.1, 0, 1 - 1e-12, "at least 0 and below 1")
  local patience = calls(what, "patience", options.patience or 10, core.whole, 0)
  local cooldown = core.whole(what, "cooldown", options.cooldown or 0, 0)
  local threshold, threshold_mode = core.number(what, "threshold", options.threshold, 1e-4), options.threshold_mode or "rel"
  local least, eps = core.range(what, "min_lr", options.min_lr or 0, 0, math.huge, "at least 0"), core.range(what, "eps", options.eps or 1e-8, 0, math.huge, "at least 0")
  if threshold_mode ~= "rel" and threshold_mode ~= "abs" then core.fail("mode_unknown", what .. "'s threshold_mode", threshold_mode) end
  local best, bad, wait = nn.buffer({}, worst, core.scalar()), nn.buffer({}, 0, "i32"), nn.buffer({}, 0, "i32")
  opt.scale = opt.scale or nn.buffer({}, 1, core.scalar())
  core.own("plateau", { { "best", best }, { "bad", bad }, { "cooldown", wait }, { "scale", opt.scale } })

  return nn.func { function()
    local now, improved = nn.value(watch), better(watch, best, mode, threshold, threshold_mode == "rel")
    local waiting = wait:gt(0)
    local count = nn.where(improved | waiting, 0, bad + 1)
    local cut = count:gt(patience)
    nn.assign(best, nn.where(improved, now, best))
    nn.assign(bad, nn.where(cut, 0, count))
    nn.assign(wait, nn.where(cut, cooldown, nn.where(waiting, wait - 1, wait)))
    local t = opt.t:cast(core.scalar())
    local before = core.rate(opt, opt.groups[1], t)
    local after = nn.maximum(before * factor, least)
    local move = cut & (before - after):gt(eps)
    nn.assign(opt.scale, nn.where(move, opt.scale * (after / before), opt.scale))
    return { lr = core.rate(opt, opt.groups[1], t), bad = nn.value(bad) }
  end }
end

---@class nn.EarlyStoppingOptions
---@field watch nn.Tensor a scalar state, such as validate.metrics.loss
---@field keep? any `nil`: a tree whose states are kept at the best
---@field patience? integer|nn.Tensor `5` calls; may be an nn.hyper
---@field min_delta? number `0`
---@field mode? "min"|"max" `"min"`

--- Two functions: the first, for `each_epoch` behind what it watches, keeps the states of `keep` whenever `watch` has got better by more than min_delta, and its
--- output `stop`, a flag, is true once it has not for `patience` calls (other outputs: best, bad); the second puts the kept states back.
---@param options nn.EarlyStoppingOptions
---@return nn.Func early
---@return nn.Func restore
function nn.early_stopping(options)
  local what = "nn.early_stopping"
  options = core.fields(what, options, { watch = "any", keep = "any", patience = "any", min_delta = "number", mode = "string" })
  local watch, mode, worst = watched(what, options)
  local patience = calls(what, "patience", options.patience or 5, core.count)
  local delta = core.range(what, "min_delta", options.min_delta or 0, 0, math.huge, "at least 0")
  if options.keep ~= nil and not core.is_tensor(options.keep) and type(options.keep) ~= "table" then core.fail("tree_leaf", what, core.what(options.keep)) end
  local states, kept, owned = nn.states(options.keep or {}), {}, {}
  local best, bad = nn.buffer({}, worst, core.scalar()), nn.buffer({}, 0, "i32")
  for i, s in ipairs(states) do
    kept[i] = nn.buffer(s.shape, 0, s.dtype)
    owned[i] = { "kept", kept[i], s }
  end
  owned[#owned + 1] = { "best", best }
  owned[#owned + 1] = { "bad", bad }
  core.own("early_stopping", owned)

  local early = nn.func { function()
    local improved = better(watch, best, mode, delta)
    for i, s in ipairs(states) do nn.assign(kept[i], nn.where(improved, s, kept[i])) end
    nn.assign(best, nn.where(improved, watch, best))
    nn.assign(bad, nn.where(improved, 0, bad + 1))
    return { stop = bad:ge(patience), best = nn.value(best), bad = nn.value(bad) }
  end }
  local restore = nn.func { function() -- before the first improvement there is nothing to put back
    local any = best:ne(worst)
    for i, s in ipairs(states) do nn.assign(s, nn.where(any, kept[i], s)) end
    return { best = nn.value(best) }
  end }
  return early, restore
end
