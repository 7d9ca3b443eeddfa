-- driver.lua: the grammar of `run` (LANGUAGE.md, section 4): phases, lists of acts, counts, metrics, nn.save, nn.load.
-- Words are checked here; core.program.phase (driver.c) builds the Module from the tables made here.
local nn, core = ...

-- ---- actions: nn.save and nn.load ----

core.is_action = {}

local function action(kind, options, known)
  known.every, known.when = "number", "string"
  options = core.fields(kind, options, known, 1)
  if type(options[1]) ~= "string" or options[1] == "" then core.fail("field_missing", kind, "a path, its first field") end
  local self = { path = options[1], tree = options.tree or options.into, rename = options.rename, every = options.every, when = options.when }
  if self.tree ~= nil and not core.is_tensor(self.tree) and type(self.tree) ~= "table" then
    core.fail("tree_leaf", kind, core.what(self.tree))
  end
  if self.every then core.count(kind, "every", self.every) end
  for from, to in pairs(self.rename or {}) do
    if type(from) ~= "string" or type(to) ~= "string" then
      core.fail("rename_form", type(from) ~= "string" and core.what(from) .. " as a name" or core.what(to))
    end
  end
  core.is_action[self] = kind == "nn.save" and "save" or "load"
  return core.object(self, kind)
end

---@class nn.SaveOptions
---@field [1] string the path
---@field tree? any `nil`: the program's model
---@field every? integer `1`: in every so-manyth step (in `step`) or epoch (in `each_epoch`)
---@field when? string `nil`; "func.output": only when that scalar was not zero in its latest call

--- An action of a phase: writes the states of a tree as safetensors (`.npz`: an archive of NumPy's), with names relative to the tree, beside and renamed. Buffers with `saved = false`
--- are left out; a shared state is written once.
---@param options nn.SaveOptions
---@return nn.Action
function nn.save(options) return action("nn.save", options, { tree = "any" }) end

---@class nn.LoadOptions
---@field [1] string the path
---@field into? any `nil`: the program's model
---@field rename? table<string, string> `nil`; names of the file to names of the tree: whole names, or beginnings that end in a dot; a whole name that becomes "" is left out
---@field every? integer `1`
---@field when? string `nil`

--- An action of a phase: reads safetensors or an `.npz` archive into the states of a tree. The file must have exactly those names, shapes and dtypes, else the program says the
--- first difference and ends.
---@param options nn.LoadOptions
---@return nn.Action
function nn.load(options) return action("nn.load", options, { into = "any", rename = "table" }) end

-- The states of the tree that files hold, with names relative to it. Saving writes a shared state once, by its first
-- name; loading takes any of them.
local function kept(act, once)
  local list, seen, tree = {}, {}, act.tree
  core.walk(tree, function(state, path)
    local _, saved = core.state(state)
    if not saved or (once and seen[state]) then return end
    seen[state] = true
    list[#list + 1] = { path == "" and "value" or path, state }
  end)
  if #list == 0 then core.fail_at(act, "tree_empty", core.what(act)) end
  return list
end

local function renames(rename)
  local list = {}
  for from, to in pairs(rename or {}) do list[#list + 1] = { from, to } end
  return list
end

-- ---- acts ----

local function named(value) return core.kind(value) == "state" and "a state, which holds numbers" or core.what(value) end

local function find_function(where, value, funcs)
  local names = {}
  for _, entry in ipairs(funcs) do
    if entry.func == value or entry.name == value then return entry end
    names[#names + 1] = entry.name
  end
  local text = type(value) == "string" and "'" .. value .. "'" or named(value)
  core.fail("act_function", where, text, type(value) == "string" and core.nearest(value, names) or "")
end

-- "train.spent" -> function and output, a scalar
local function metric(where, text, funcs)
  local dot = type(text) == "string" and string.find(text, ".", 1, true) or nil
  if not dot then core.fail("metric_form", where, core.what(text) == "a string" and "'" .. text .. "'" or core.what(text)) end
  local name, output = string.sub(text, 1, dot - 1), string.sub(text, dot + 1)
  local entry = find_function(where, name, funcs)
  local at, more = core.program.output(entry.index, output)
  if not at then core.fail("metric_unknown", where, name, output, core.nearest(output, more)) end
  if more ~= 1 then core.fail("metric_scalar", where, text) end
  return entry.index, at
end

local act_options = { times = "number", every = "number", when = "string", inputs = "table", write = "table" }

local function timing(where, result, act, funcs)
  if act.every and where ~= "step" and where ~= "each_epoch" then core.fail("act_every", where) end
  result.every = act.every and core.count("nn.program", "every", act.every)
  if act.when then result.when_func, result.when_output = metric("when", act.when, funcs) end
  return result
end

local function save_or_load(where, act, funcs)
  local word, kind = core.is_action[act], core.what(act)
  local result = { [word] = act.path, rename = renames(act.rename) }
  local tree = act.tree
  if tree == nil and funcs.model == nil then core.fail("field_missing", kind, "a tree, since the program names no model") end
  if tree ~= nil then result.tree = kept(act, word == "save") end
  return timing(where, result, act, funcs)
end

local function writes(entry, write)
  local list = {}
  for output, path in pairs(write) do
    local at, names = core.program.output(entry.index, tostring(output))
    if not at then core.fail("act_output", entry.name, tostring(output), core.nearest(tostring(output), names)) end
    if type(path) ~= "string" then core.fail("string_wanted", "nn.program's write", output, core.what(path)) end
    list[#list + 1] = { output, path }
  end
  return list
end

local function one_act(where, act, funcs)
  if core.is_action[act] then return save_or_load(where, act, funcs) end
  if core.is_func[act] or type(act) == "string" then return { func = find_function(where, act, funcs).index } end
  core.fields("nn.program's " .. where, act, act_options, 1)
  local entry = find_function(where, act[1], funcs)
  local result = { func = entry.index, inputs = act.inputs, write = writes(entry, act.write or {}) }
  result.times = act.times and core.count("nn.program", "times", act.times)
  return timing(where, result, act, funcs)
end

local function acts(where, value, funcs)
  if value == nil then return {} end
  if core.is_func[value] or core.is_action[value] or type(value) == "string" then return { one_act(where, value, funcs) } end
  if type(value) ~= "table" or core.kind(value) then core.fail("act_function", where, named(value)) end
  for option in pairs(act_options) do
    if value[option] ~= nil then return { one_act(where, value, funcs) } end
  end
  for key in pairs(value) do
    if math.type(key) ~= "integer" then
      local names = {}
      for option in pairs(act_options) do names[#names + 1] = option end
      core.fail("field_unknown", "nn.program's " .. where, tostring(key), core.nearest(tostring(key), names))
    end
  end
  local list = {}
  for i, act in ipairs(value) do list[i] = one_act(where, act, funcs) end
  return list
end

-- ---- phases ----

local function set_count(phase, result)
  if (phase.epochs ~= nil) == (phase.steps ~= nil) then
    core.fail("phase_count", phase.epochs ~= nil and ", not both" or "; this one has neither")
  end
  result.by_epochs = phase.epochs ~= nil
  local count, word = phase.epochs or phase.steps, phase.epochs ~= nil and "epochs" or "steps"
  local hyper, value = core.hyper_of(count)
  result.hyper = hyper
  if hyper then count = value end
  result.count = core.range("nn.program", word, count, 0, 2 ^ 53, "a number of at least 0")
  if result.count % 1 ~= 0 then core.fail("number_range", "nn.program", word, "a whole number", count) end
end

local phase_fields = { epochs = "any", steps = "any", before = "any", step = "any", each_epoch = "any", after = "any", stop = "string" }

-- Epochs are passes of the first source of the first function of `step`, batch by batch.
local function check_paced(result, funcs)
  for _, act in ipairs(result.step) do
    local entry = act.func and funcs.by_index[act.func]
    if entry then
      if #entry.func.on == 0 or core.is_evaluate[entry.func] then core.fail("phase_source") end
      return
    end
  end
end

local function add_phase(phase, funcs)
  core.fields("nn.program's run", phase, phase_fields)
  local result, calls = {}, 0
  for _, where in ipairs { "before", "step", "each_epoch", "after" } do result[where] = acts(where, phase[where], funcs) end
  for _, act in ipairs(result.step) do calls = calls + (act.func and 1 or 0) end
  if calls == 0 then core.fail("field_missing", "nn.program's run", "step, what one step calls") end
  set_count(phase, result)
  if result.by_epochs then check_paced(result, funcs) end
  if phase.stop then result.stop_func, result.stop_output = metric("stop", phase.stop, funcs) end
  core.program.phase(result)
end

local function default_phase(options, funcs)
  local phase = { epochs = options.epochs, steps = options.steps }
  for _, entry in ipairs(funcs) do
    if entry.name == "train" then phase.step = entry.func end
    if entry.name == "validate" then phase.each_epoch = entry.func end
  end
  if not phase.step then core.fail("program_step") end
  if phase.epochs == nil and phase.steps == nil then phase.epochs = 1 end
  return phase
end

-- funcs: list of { name, func, index }, by_index, model.
function core.add_phases(options, funcs)
  local run = options.run
  if run == nil then return add_phase(default_phase(options, funcs), funcs) end
  if options.epochs ~= nil or options.steps ~= nil then core.fail("phase_count", ", inside `run`") end
  if type(run) ~= "table" or core.kind(run) then core.fail("table_wanted", "nn.program's run", core.what(run)) end
  if #run == 0 then return add_phase(run, funcs) end
  for _, phase in ipairs(run) do add_phase(phase, funcs) end
end

-- checkpoint = { every = N | "epoch", keep = N, best = METRIC | "-" .. METRIC }
function core.add_checkpoint(options, funcs)
  if options == nil then return end
  core.fields("nn.program's checkpoint", options, { every = "any", keep = "number", best = "string" })
  local result = { by_epochs = options.every == "epoch" }
  if options.every ~= nil and options.every ~= "epoch" then
    if type(options.every) ~= "number" then
      core.fail("checkpoint_every", type(options.every) == "string" and "'" .. options.every .. "'" or core.what(options.every))
    end
    result.every = core.count("nn.program's checkpoint", "every", options.every)
  end
  if options.keep ~= nil then result.keep = core.count("nn.program's checkpoint", "keep", options.keep) end
  if options.best ~= nil then
    result.best_least = string.sub(options.best, 1, 1) == "-"
    result.best_func, result.best_output = metric("best", string.sub(options.best, result.best_least and 2 or 1), funcs)
  end
  core.program.checkpoint(result)
end
