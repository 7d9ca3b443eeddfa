-- program.lua: functions (nn.func, nn.train, nn.evaluate) and the program: names of states, sources, variants (phases:
-- driver.lua). The tables that the user wrote are checked here; core.program (program.c) builds the Module from them.
local nn, core = ...

local is_func, is_evaluate = {}, {}
core.is_func, core.is_evaluate = is_func, is_evaluate

local function check_mode(what, mode, otherwise)
  if mode == nil then return otherwise end
  if mode ~= "train" and mode ~= "eval" then core.fail("mode_unknown", what, core.what(mode) == "a string" and mode or core.what(mode)) end
  return mode
end

local function names_of_sources(what, on)
  if on == nil then return {} end
  if type(on) == "string" then return { on } end
  if type(on) ~= "table" or core.kind(on) then core.fail("string_wanted", what, "on", core.what(on)) end
  local seen = {}
  for _, name in ipairs(on) do
    if type(name) ~= "string" then core.fail("string_wanted", what, "on", core.what(name)) end
    if seen[name] then core.fail("source_twice", what, name) end
    seen[name] = true
  end
  return on
end

local function new_func(kind, self)
  is_func[self] = true
  return core.object(self, kind)
end

-- nn.func { on?, inputs?, mode?, f }: f(batch…, inputs?) returns a table of named outputs.
function nn.func(options)
  core.fields("nn.func", options, { on = "any", inputs = "any", mode = "string" }, 1)
  local f = options and options[1]
  if type(f) ~= "function" then core.fail("function_wanted", "nn.func", "its first field", core.what(f)) end
  local self = { on = names_of_sources("nn.func", options.on), mode = check_mode("nn.func", options.mode, "eval") }
  if options.inputs then
    core.fields("nn.func", options.inputs, setmetatable({}, { __index = function() return "any" end }))
    for name, input in pairs(options.inputs) do core.input_name(input, name) end
  end
  function self.body(...)
    local arguments = table.pack(...)
    if options.inputs then
      arguments.n = arguments.n + 1
      arguments[arguments.n] = options.inputs
    end
    return f(table.unpack(arguments, 1, arguments.n))
  end
  return new_func("nn.func", self)
end

--- One step: the loss of a batch, its gradients, the optimizer's update. The loss returns a scalar, and a table of metrics
--- if it likes. accumulate = k: the optimizer moves in every k-th call, by the mean of k gradients; what a schedule counts
--- are its moves. Gradients are clipped by value, then by the weights' norms (clip_grad_adaptive), then by common norm.
---@param options { on?: string|string[], loss: function, optimizer: table, clip_norm?: number, clip_value?: number, clip_adaptive?: number, accumulate?: integer }
---@return nn.Func
function nn.train(options)
  local known = { on = "any", loss = "function", optimizer = "any", clip_norm = "number", clip_value = "number",
                  clip_adaptive = "number", accumulate = "number", log = "any" }
  core.fields("nn.train", options, known)
  if not options or not options.loss then core.fail("field_missing", "nn.train", "loss, a function of the batch") end
  local opt = options.optimizer
  if type(opt) ~= "table" or type(opt.step) ~= "function" then
    core.fail("field_missing", "nn.train", "optimizer, such as nn.Adam { net, lr = 1e-3 }")
  end
  local times = options.accumulate and core.count("nn.train", "accumulate", options.accumulate)
  if options.log then core.limit("nn.train's log") end
  local during = { accumulate = times and times > 1 and times or nil }
  for _, bound in ipairs { "clip_norm", "clip_value", "clip_adaptive" } do
    if options[bound] then during[bound] = core.range("nn.train", bound, options[bound], 1e-30, math.huge, "above 0") end
  end
  if opt.check then opt:check(during) end
  if during.accumulate then
    if not opt.owner then core.fail("field_missing", "nn.train", "an optimizer of the library to accumulate for") end
    core.accumulate(opt)
  end
  local self = { on = names_of_sources("nn.train", options.on), mode = "train" }
  function self.body(...)
    local batch = table.pack(...)
    local loss, metrics = opt:step(function() return options.loss(table.unpack(batch, 1, batch.n)) end, during)
    local outputs = { loss = loss }
    if metrics ~= nil and (type(metrics) ~= "table" or core.kind(metrics)) then
      core.fail_at(self, "loss_result", "nn.train", "metrics as " .. core.what(metrics))
    end
    for name, metric in pairs(metrics or {}) do
      if not core.is_tensor(metric) and type(metric) ~= "number" then
        core.fail_at(self, "metric_result", "nn.train", tostring(name), core.what(metric))
      end
      outputs[name] = metric
    end
    return outputs
  end
  return new_func("nn.train", self)
end

-- nn.evaluate { on, name = f … }: each f(batch) is a mean over the batch's rows; the outputs are the means over all rows
-- of the pass so far, so the last call of a pass gives the exact ones. They are kept in state: validate.metrics.loss is
-- a tensor that other functions may read. Sums are f64. A batch of a padded source counts as its b.weight:sum() rows.
function nn.evaluate(options)
  if type(options) ~= "table" or core.kind(options) then core.fail("table_wanted", "nn.evaluate", core.what(options)) end
  local self = { on = names_of_sources("nn.evaluate", options.on), mode = check_mode("nn.evaluate", options.mode, "eval"), metrics = {} }
  if #self.on ~= 1 then core.fail("source_needed", "nn.evaluate") end
  local functions, sums = {}, {}
  for name, f in pairs(options) do
    if name ~= "on" and name ~= "mode" then
      if type(f) ~= "function" then core.fail("function_wanted", "nn.evaluate", tostring(name), core.what(f)) end
      functions[name] = f
    end
  end
  if next(functions) == nil then core.fail("field_missing", "nn.evaluate", "a function of the batch, such as loss = loss") end
  new_func("nn.evaluate", self)
  is_evaluate[self] = true
  core.at(self, function()
    self.rows = nn.buffer({}, 0, "i32")
    for name in pairs(functions) do
      sums[name] = nn.buffer({}, 0, "f64")
      self.metrics[name] = nn.buffer({}, 0, core.scalar())
    end
  end)
  self.sums = sums

  local function accumulate(b, rows, values)
    local first, outputs = b.first:gt(0), {}
    local seen = nn.where(first, 0, self.rows) + rows
    nn.assign(self.rows, seen)
    for name, value in pairs(values) do
      local total = nn.where(first, 0, sums[name]) + value:cast("f64") * rows
      nn.assign(sums[name], total)
      outputs[name] = (total / seen:cast("f64")):cast(core.scalar())
      nn.assign(self.metrics[name], outputs[name])
    end
    return outputs
  end

  function self.body(b, rows)
    local values = {}
    for name, f in pairs(functions) do
      local value = f(b)
      if not core.is_tensor(value) or value.rank > 0 then
        core.fail_at(self, "metric_result", "nn.evaluate", name, core.is_tensor(value) and core.tensor_text(value) or core.what(value))
      end
      values[name] = value
    end
    return core.at(self, accumulate, b, rows, values)
  end
  return self
end

-- ---- names of states ----

local function name_tree(tree)
  if tree == nil then return end
  core.walk(tree, function(state, path) core.program.name_state(state, path == "" and "value" or path) end)
end

local function state_name(state)
  local _, _, name = core.state(state)
  return name
end

-- optimizer.0.step, optimizer.0.exp_avg.0.weight, optimizer.1.step …: each kind of owner counts from 0.
local function name_owned()
  local counts = {}
  for _, owner in ipairs(core.owners) do
    local n = counts[owner.prefix] or 0
    counts[owner.prefix] = n + 1
    for _, entry in ipairs(owner.states) do
      local name, state, of = entry[1], entry[2], entry[3]
      if of then name = name == "" and state_name(of) or name .. "." .. state_name(of) end
      core.program.name_state(state, owner.prefix .. "." .. n .. "." .. name)
    end
  end
end

-- Parameters that an optimizer trains and no path of the model reaches
local function name_free_parameters()
  local free = 0
  for _, owner in ipairs(core.owners) do
    for _, p in ipairs(owner.parameters or {}) do
      if not core.program.named(p) then
        core.program.name_state(p, "parameter." .. free)
        free = free + 1
      end
    end
  end
end

local function name_states(options, funcs)
  name_tree(options.model)
  core.program.model_named()
  name_tree(options.state)
  core.program.kept()
  name_free_parameters()
  name_owned()
  for _, entry in ipairs(funcs) do
    local f = entry.func
    if is_evaluate[f] then
      core.program.name_state(f.rows, entry.name .. ".rows")
      for metric, state in pairs(f.metrics) do
        core.program.name_state(f.sums[metric], entry.name .. ".sum." .. metric)
        core.program.name_state(state, entry.name .. "." .. metric)
      end
    end
  end
  core.program.name_rest()
end

-- ---- functions ----

local known = { name = "string", model = "any", state = "any", data = "any", run = "any", checkpoint = "any", epochs = "any", steps = "any" }

local function collect_functions(options)
  local funcs, seen, words = {}, {}, {}
  for word in pairs(known) do words[#words + 1] = word end
  for name, value in pairs(options) do
    if not known[name] then
      if type(name) ~= "string" or not is_func[value] then
        core.fail("program_function", tostring(name), core.what(value) .. core.nearest(tostring(name), words))
      end
      if seen[value] then core.fail("func_twice", seen[value], name) end
      seen[value] = name
      funcs[#funcs + 1] = { name = name, func = value }
    end
  end
  if #funcs == 0 then core.fail("program_no_function") end
  return funcs
end

local function add_sources(data)
  local index, names = {}, {}
  if data == nil then return index, names end
  if type(data) ~= "table" or core.kind(data) then core.fail("table_wanted", "nn.program's data", core.what(data)) end
  for name, source in pairs(data) do
    if not core.is_source[source] then core.fail("source_wanted", tostring(name), core.what(source)) end
    source.name = name
    index[name] = core.program.source(source)
    names[#names + 1] = name
  end
  return index, names
end

-- Batch sizes of a function's variants: evaluating functions take what a batch leaves over one row at a time, unless
-- the source fills its last batch or drops it.
local function variants(func, data)
  local source = data[func.on[1]]
  if not source then return { 0 } end
  if not is_evaluate[func] or source.batch == 1 or source.weighted or source.drop_last then return { source.batch } end
  if source.rows and source.rows % source.batch == 0 then return { source.batch } end
  return { source.batch, 1 }
end

local function trace_function(entry, data, index, names)
  local func, sources = entry.func, {}
  for i, name in ipairs(func.on) do
    if not index[name] then core.fail_at(func, "source_unknown", entry.name, name, core.nearest(name, names)) end
    sources[i] = index[name]
  end
  entry.index = core.program.func(func, entry.name, func.mode == "train", is_evaluate[func] or false, sources)
  for _, rows in ipairs(variants(func, data)) do
    core.program.trace(entry.index, rows, function()
      local arguments = {}
      for i, name in ipairs(func.on) do
        arguments[i] = core.batch(data[name], sources[i], name, i == 1 and rows or data[name].batch)
      end
      if is_evaluate[func] then arguments[2] = data[func.on[1]].weighted and arguments[1].weight:sum():cast("i32") or rows end
      return func.body(table.unpack(arguments))
    end)
  end
end

-- ---- the program ----

function nn.program(options)
  if type(options) ~= "table" or core.kind(options) then core.fail("table_wanted", "nn.program", core.what(options)) end
  if core.program.finished() then core.fail("program_twice") end
  local self = core.object({}, "nn.program")
  local funcs = collect_functions(options)
  core.program.finish(options.name)
  name_states(options, funcs)
  local index, names = add_sources(options.data)
  funcs.by_index = {}
  for _, entry in ipairs(funcs) do
    trace_function(entry, options.data or {}, index, names)
    funcs.by_index[entry.index] = entry
  end
  funcs.model = options.model
  core.add_phases(options, funcs)
  core.check_checkpoint(options.checkpoint, funcs)
  return self
end
