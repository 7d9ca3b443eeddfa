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

---@class nn.FuncOptions
---@field [1] fun(...): table the function: batches, then `inputs`, to named outputs (tensors or numbers)
---@field on? string|string[] `nil`: no data; names of sources: f gets one batch of each a call
---@field inputs? table<string, nn.Tensor> `nil`; values of nn.input, handed to f as its last argument; flags `--FUNC.INPUT`
---@field mode? "train"|"eval" `"eval"`: what nn.training() says

--- An entry point of the program; its name is its key in nn.program. One whose outputs all have a row for each row of a batch is what the built program's
--- `--predict FILE` calls for the rows of a file.
---@param options nn.FuncOptions
---@return nn.Func
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

---@class nn.TrainOptions
---@field on? string|string[] `nil`: names of sources
---@field loss fun(...): nn.Tensor, table? of the batches: a scalar, and a table of metrics if it likes
---@field optimizer nn.Optimizer or any table with step(self, f, options)
---@field clip_norm? number `nil`: nn.clip_grad_norm, above 0
---@field clip_value? number `nil`: nn.clip_grad_value, above 0
---@field clip_adaptive? number `nil`: nn.clip_grad_adaptive, above 0
---@field accumulate? integer `1`; k: the optimizer moves in every k-th call, by the mean of k gradients; what a schedule counts are its moves
---@field watch? boolean|string `nil`, or what `nnc --watch` says; true, or a glob of parameters' names: four outputs for each, for the log and a table: `weight.NAME` and `gradient.NAME`, norms before the update and before clipping, `update.NAME`, the norm of what was added, and `ratio.NAME`, of update to weight

--- One step: the loss of a batch, its gradients, the optimizer's update, in mode "train". Outputs are `loss` and the metrics. Gradients are clipped by value, then
--- by the weights' norms, then by common norm.
---@param options nn.TrainOptions
---@return nn.Func
function nn.train(options)
  local known = { on = "any", loss = "function", optimizer = "any", clip_norm = "number", clip_value = "number",
                  clip_adaptive = "number", accumulate = "number", watch = "any", log = "any" }
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
  local watch = options.watch
  if watch == nil then watch = core.watched() end
  local norms = watch and core.norms(watch)
  during.watch = norms and norms.begin
  if opt.check then opt:check(during) end
  if norms and not opt.owner then core.fail("field_missing", "nn.train", "an optimizer of the library to watch") end
  if during.accumulate then
    if not opt.owner then core.fail("field_missing", "nn.train", "an optimizer of the library to accumulate for") end
    core.accumulate(opt)
  end
  local self = { on = names_of_sources("nn.train", options.on), mode = "train" }
  during.func = self
  if norms then norms.func = self end
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
    if norms then core.at(self, norms.finish, outputs) end
    return outputs
  end
  return new_func("nn.train", self)
end

---@class nn.EvaluateOptions
---@field on string the name of a source
---@field mode? "train"|"eval" `"eval"`

--- A whole pass over a source: every other field, `name = f`, is a function of the batch that gives the mean over its rows, a scalar; the outputs are the means
--- over all rows, exact for any number of rows, summed in f64. They are kept in state: `validate.metrics.loss` is a tensor that other functions may read. A batch
--- of a padded source counts as its b.weight:sum() rows.
---@param options nn.EvaluateOptions
---@return nn.Func
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
        if core.kind(value) == "state" then core.fail("program_state", tostring(name), type(name) == "string" and name or "name") end
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

-- The name of the vocabulary in a file; it is the first source, since texts of others are made of its tokens.
local function find_tokens(data)
  local found
  for name, source in pairs(data) do
    if not core.is_source[source] then core.fail("source_wanted", tostring(name), core.what(source)) end
    if source.kind == "bpe" then
      if found then core.fail("tokens_several", found, name) end
      found = name
    end
  end
  return found
end

local function add_sources(data)
  local index, names = {}, {}
  if data == nil then return index, names end
  if type(data) ~= "table" or core.kind(data) then core.fail("table_wanted", "nn.program's data", core.what(data)) end
  local tokens = find_tokens(data)
  local function add(name, source)
    source.name = name
    index[name] = core.program.source(source)
    names[#names + 1] = name
  end
  if tokens then add(tokens, data[tokens]) end
  for name, source in pairs(data) do
    if name ~= tokens then add(name, source) end
    if source.tokens and not (tokens and source.tokens == data[tokens]) then core.fail("tokens_absent", name) end
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
    if data[name].kind == "bpe" then core.fail_at(func, "tokens_rows", entry.name) end
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

---@class nn.CheckpointOptions
---@field every? integer|"epoch" `nil`: every ten minutes; a number of steps, or after every epoch
---@field keep? integer `2`: files that are kept, the newest included
---@field best? string `nil`; "func.output": a file more, where it was greatest; "-func.output": least

---@class nn.ProgramOptions
---@field name? string `"model"`: letters, digits and _
---@field model? any `nil`: a tree whose paths name the states, as state_dict's: `0.weight`, `G.0.weight`
---@field state? any `nil`: a tree that names further states
---@field data? table<string, nn.Source> `nil`
---@field run? nn.Phase|nn.Phase[] `{ epochs = 1, step = "train", each_epoch = "validate" }` where those functions are there
---@field epochs? integer|nn.Tensor `1`; a number or nn.hyper; of the default run
---@field steps? integer|nn.Tensor `nil`: in place of epochs
---@field checkpoint? nn.CheckpointOptions `nil`: only as flags say; the run writes checkpoints, from which it goes on

--- The last value of the file: every other field is a function made by nn.func, nn.train, nn.evaluate, nn.plateau or nn.early_stopping; its key is its name.
---@param options nn.ProgramOptions
---@return nn.Program
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
  core.add_checkpoint(options.checkpoint, funcs)
  return self
end
