-- tree.lua: trees: a tensor, a state, a module, or a table of trees. Functions over them keep the structure; a module
-- stands for the list of its parameters. Fields are walked items in order first, then keys sorted, which pairs does.
local nn, core = ...

--- A callable table: module(…) is forward(module, …). Its fields are its parts: states and modules in it, in tables too, are found by nn.parameters and named by their
--- keys. Surgery is assignment: net[3] = nn.Identity().
---@param fields table with `forward = function(self, …)`; it becomes the module
---@return nn.Module
function nn.Module(fields)
  if type(fields) ~= "table" or core.kind(fields) then core.fail("table_wanted", "nn.Module", core.what(fields)) end
  if type(fields.forward) ~= "function" then core.fail("module_forward", "nn.Module", core.what(fields.forward)) end
  return core.module(fields, "nn.Module")
end

-- visit(state, path) for every state under t; list items count from 0 in paths (state_dict's names). A table that was
-- seen on the way here is not walked again (a module may know its parent); one that is reached twice is.
function core.walk(t, visit, path, above)
  path, above = path or "", above or {}
  local kind = core.kind(t)
  if kind == "state" then return visit(t, path) end
  if type(t) ~= "table" or above[t] then return end
  if kind and t.owner then -- an optimizer or an average: its own states, not the parameters that it moves
    for i, entry in ipairs(t.owner.states) do visit(entry[2], (path == "" and "" or path .. ".") .. entry[1] .. "." .. i - 1) end
    return
  end
  above[t] = true
  for key, value in pairs(t) do
    if type(value) == "table" or core.kind(value) == "state" then
      local name = math.type(key) == "integer" and tostring(key - 1) or tostring(key)
      core.walk(value, visit, path == "" and name or path .. "." .. name, above)
    end
  end
  above[t] = nil
end

local function matches(filter, name, state)
  if filter == nil then return true end
  if type(filter) == "string" then return core.glob(filter, name) end
  return filter(name, state)
end

local function collect(what, tree, filter, trained_only)
  if not core.is_tensor(tree) and type(tree) ~= "table" then core.fail("tree_leaf", what, core.what(tree)) end
  if filter ~= nil and type(filter) ~= "string" and type(filter) ~= "function" then
    core.fail("operand_kind", what .. "'s filter", core.what(filter))
  end
  local list, seen = {}, {}
  core.walk(tree, function(state, path)
    local trained = core.state(state)
    if seen[state] or (trained_only and not trained) or not matches(filter, path, state) then return end
    seen[state] = true
    list[#list + 1] = state
  end)
  table.sort(list, function(a, b) return core.serial(a) < core.serial(b) end) -- the order of construction
  return list
end

--- The parameters of a tree in the order in which they were made, each once.
---@param tree any
---@param filter? string|fun(name: string, state: nn.Tensor): boolean `nil`: all; a glob over names relative to the tree (`"*.lora_*"`), or a function
---@return nn.Tensor[]
function nn.parameters(tree, filter) return collect("nn.parameters", tree, filter, true) end
--- The parameters and buffers of a tree in the order in which they were made, each once.
---@param tree any
---@param filter? string|fun(name: string, state: nn.Tensor): boolean `nil`: all
---@return nn.Tensor[]
function nn.states(tree, filter) return collect("nn.states", tree, filter, false) end

-- A module becomes the list of its parameters; tables are copied; leaves stay.
local function plain(what, t)
  if core.is_tensor(t) then return t end
  if type(t) ~= "table" then core.fail("tree_leaf", what, core.what(t)) end
  if core.kind(t) then return nn.parameters(t) end
  local copy = {}
  for key, value in pairs(t) do copy[key] = plain(what, value) end
  return copy
end

local function map_with(f, t, others)
  if core.is_tensor(t) then return f(t, table.unpack(others)) end
  local result = {}
  for key, value in pairs(t) do
    local parts = {}
    for i, other in ipairs(others) do
      if type(other) == "table" and not core.is_tensor(other) then
        if other[key] == nil then core.fail("tree_structure", "nn.map", "no '" .. tostring(key) .. "' in tree " .. i + 1) end
        parts[i] = other[key]
      else
        parts[i] = other -- one value for all leaves
      end
    end
    result[key] = map_with(f, value, parts)
  end
  return result
end

--- f leaf by leaf, in the form of the first tree; a module in it becomes the list of its parameters.
---@param f function of one leaf of each tree
---@param tree any
---@param ... any further trees of the same form, or one value for all leaves
---@return any
function nn.map(f, tree, ...)
  if type(f) ~= "function" then core.fail("operand_kind", "nn.map's first argument", core.what(f)) end
  local others = { ... }
  for i, other in ipairs(others) do
    if type(other) == "table" then others[i] = plain("nn.map", other) end
  end
  return map_with(f, plain("nn.map", tree), others)
end

--- nn.value of every leaf: the current versions as tensors.
---@param tree any
---@return any
function nn.values(tree) return nn.map(nn.value, tree) end

local leaf_stop = nn.stop_gradient

--- The same values, through which no gradient passes (detach).
---@param x any a tensor, or a tree of them
---@return any
function core.methods.stop_gradient(x)
  if core.is_tensor(x) or type(x) == "number" then return leaf_stop(x) end
  return nn.map(leaf_stop, x)
end
nn.stop_gradient = core.methods.stop_gradient

--- Assigns every state of the tree its initial value, drawn anew. Optimizers are trees too: nn.reset(opt).
---@param tree any
function nn.reset(tree)
  local states = nn.states(tree)
  for _, s in ipairs(states) do nn.assign(s, nn.initial(s)) end
end

local function leaves(t, list)
  if core.is_tensor(t) then
    list[#list + 1] = t
  else
    for _, value in pairs(t) do leaves(value, list) end
  end
  return list
end

local function rebuild(t, list, at)
  if core.is_tensor(t) then return list[at], at + 1 end
  local result = {}
  for key, value in pairs(t) do result[key], at = rebuild(value, list, at) end
  return result, at
end

---@class nn.GradOptions
---@field cotangent? nn.Tensor `nil`: y is a scalar; like y: the vector of a vector-Jacobian product
---@field unused? "error"|"zero" `"error"`: what y does not depend on

--- d y / d xs, symbolic reverse mode, itself differentiable to any order (torch.autograd.grad with create_graph = True). With respect to the current version of a
--- state; a y that was computed from an older one is an error.
---@param y nn.Tensor [] or with a cotangent
---@param xs any a tree of tensors and states, floats
---@param options? nn.GradOptions `{}`
---@return any in the form of xs; a module gives the list of its parameters' gradients
function nn.grad(y, xs, options)
  core.fields("nn.grad", options, { cotangent = "any", unused = "string" })
  options = options or {}
  if options.unused and options.unused ~= "error" and options.unused ~= "zero" then
    core.fail("mode_unknown", "nn.grad's unused", options.unused)
  end
  local tree = plain("nn.grad", xs)
  local list = core.gradient(y, leaves(tree, {}), options.cotangent, options.unused)
  return (rebuild(tree, list, 1))
end

--- The number of elements of all leaves together.
---@param tree any
---@return integer
function nn.numel(tree)
  local total = 0
  for _, leaf in ipairs(leaves(plain("nn.numel", tree), {})) do
    local n = 1
    for _, size in ipairs(leaf.shape) do n = n * size end
    total = total + n
  end
  return total
end

--- One vector, and the function that takes such a vector apart again.
---@param tree any leaves of one dtype
---@return nn.Tensor v [nn.numel(tree)]
---@return fun(v: nn.Tensor): any unravel
function nn.ravel(tree)
  local shape_of = plain("nn.ravel", tree)
  local list = leaves(shape_of, {})
  if #list == 0 then core.fail("list_wanted", "nn.ravel", "an empty tree") end
  local flat = {}
  for i, leaf in ipairs(list) do
    if leaf.dtype ~= list[1].dtype then core.fail("tree_dtype", list[1].dtype, leaf.dtype) end
    flat[i] = nn.reshape(leaf, { -1 })
  end
  local function unravel(v)
    local parts, at = {}, 1
    for i, leaf in ipairs(list) do
      local n = nn.numel(leaf)
      parts[i] = v:slice(1, at, at + n - 1):reshape(leaf.shape)
      at = at + n
    end
    return (rebuild(shape_of, parts, 1))
  end
  return nn.concat(flat, 1), unravel
end
