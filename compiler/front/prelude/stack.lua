-- stack.lua: n equal layers by one loop over stacked states: the code of one layer, and the time to compile it.
local nn, core = ...

-- The layer's tables again, with replace(state) for each state and nothing else: the tree by which states are named
local function mirrored(t, replace)
  if core.kind(t) == "state" then return replace(t) end
  local copy, any = {}, false
  for key, value in pairs(t) do
    if type(value) == "table" or core.kind(value) == "state" then
      copy[key] = mirrored(value, replace)
      any = any or copy[key] ~= nil
    end
  end
  return any and copy or nil
end

-- The initial value of n states like this one: each is drawn for itself, by the same function
local function initial_of(state, n)
  local init, shape, dtype = core.initializer(state), state.shape, state.dtype
  if type(init) ~= "function" and not core.is_tensor(init) then return init end
  return function()
    return nn.vmap(function()
      local value = type(init) == "function" and init(shape) or init
      return type(value) == "number" and nn.full(shape, value, dtype) or value
    end, nn.iota(n))
  end
end

-- What a turn leaves in the buffers (batch norm's statistics): rows of the stacked ones
local function buffers_of(states, values)
  local list = {}
  for i, state in ipairs(states) do
    if not core.state(state) then list[#list + 1] = values[i] end
  end
  return list
end

---@class nn.StackOptions
---@field checkpoint? integer `nil`, as of nn.scan

--- n layers like the one that make() gives, each with states of its own, as one loop. The states are those of one layer, stacked: `layers.<name in the layer>`
--- [n, …]; the values of layer i are row i, those of a PyTorch list's `<i>.<name>`. Called (x, …) it hands x from layer to layer; what follows x is the same for all of
--- them. Buffers are stacked too, and draws are new in each layer.
---@param n integer
---@param make fun(): nn.Module
---@param options? nn.StackOptions `{}`
---@return nn.Module
function nn.Stack(n, make, options)
  core.count("nn.Stack", "n", n)
  if type(make) ~= "function" then core.fail("function_wanted", "nn.Stack", "its second argument", core.what(make)) end
  options = core.fields("nn.Stack", options, { checkpoint = "number" })
  local layer = make()
  if type(layer) ~= "table" or not core.kind(layer) then core.fail("layer_input", "nn.Stack", "a function that makes a module", core.what(layer)) end
  local states, stacked, of = nn.states(layer), {}, {}
  for i, state in ipairs(states) do
    local trained, saved = core.state(state)
    local shape, init = { n, table.unpack(state.shape) }, initial_of(state, n)
    stacked[i] = trained and nn.parameter(shape, init, state.dtype) or nn.buffer(shape, init, state.dtype, { saved = saved })
    of[state] = stacked[i]
  end
  return core.module({ layers = mirrored(layer, function(state) return of[state] end), forward = function(_, x, ...)
    local given = table.pack(...)
    local y, left = nn.scan(function(carry, rows)
      local new, next = nn.functional_call(states, rows, layer, carry, table.unpack(given, 1, given.n))
      return next, buffers_of(states, new)
    end, x, nn.values(stacked), { length = n, checkpoint = options.checkpoint })
    for i, buffer in ipairs(buffers_of(states, stacked)) do nn.assign(buffer, left[i]) end
    return y
  end }, "nn.Stack")
end
