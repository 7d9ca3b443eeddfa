-- base.lua: the core under its public names, and what the other files of the library check their arguments with.
-- Every file of the library is a chunk called with (nn, core): nn is what models see, core what the front gives.
local nn, core = ...

for name, value in pairs(core.methods) do nn[name] = value end
for _, name in ipairs { "constant", "full", "iota", "arg", "input", "parameter", "assign", "value",
                        "initial", "with", "training", "concat", "stack" } do
  nn[name] = core[name]
end

nn.random, nn.data, nn.init = {}, {}, {}

-- Not supported yet: each says so by name.
for _, name in ipairs { "LossScaler" } do
  nn[name] = function() core.limit("nn." .. name) end
end

-- ---- checks ----

function core.is_tensor(x)
  local kind = core.kind(x)
  return kind == "tensor" or kind == "state"
end

local wanted = { number = "number_wanted", string = "string_wanted", boolean = "boolean_wanted", ["function"] = "function_wanted" }

-- fields("nn.Adam", t, { lr = "any", eps = "number" }, positional): every key of t is known and has its kind.
function core.fields(what, t, known, positional)
  if t == nil then return {} end
  if type(t) ~= "table" or core.kind(t) then core.fail("table_wanted", what, core.what(t)) end
  local count = #t
  for key, value in pairs(t) do
    if math.type(key) == "integer" and key >= 1 and key <= count then
      if count > (positional or 0) then core.fail("field_extra", what, positional or 0, count) end
    elseif not known[key] then
      local names = {}
      for name in pairs(known) do names[#names + 1] = name end
      core.fail("field_unknown", what, tostring(key), core.nearest(tostring(key), names))
    elseif known[key] == "dtype" then
      core.check_dtype(what, value)
    elseif known[key] == "table" then
      if type(value) ~= "table" or core.kind(value) then core.fail("table_wanted", what .. "'s " .. key, core.what(value)) end
    elseif known[key] ~= "any" and type(value) ~= known[key] then
      core.fail(wanted[known[key]], what, key, core.what(value))
    end
  end
  return t
end

-- The first of the keys that is not there is an error.
function core.required(what, options, keys)
  for _, key in ipairs(keys) do
    if not options[key] then core.fail("field_missing", what, key) end
  end
end

local floats = { f32 = true, f64 = true, f16 = true, bf16 = true }

-- The dtype of a layer's states
function core.check_dtype(what, dtype)
  if type(dtype) ~= "string" then core.fail("string_wanted", what, "dtype", core.what(dtype)) end
  if not floats[dtype] then core.fail("layer_field", what, "dtype", "f32, f64, f16 or bf16", "'" .. dtype .. "'") end
end

-- A number (not NaN), or `otherwise` where there is none.
function core.number(what, name, value, otherwise)
  if value == nil then return otherwise end
  return core.range(what, name, value, -math.huge, math.huge, "a number")
end

function core.flag(what, name, value)
  if value ~= nil and type(value) ~= "boolean" then core.fail("boolean_wanted", what, name, core.what(value)) end
  return value
end

function core.whole(what, name, value, low)
  if type(value) ~= "number" then core.fail("integer_wanted", what, name, core.what(value)) end
  if math.type(value) ~= "integer" or value < low then core.fail("number_range", what, name, "a whole number of at least " .. low, value) end
  return value
end

-- The dimension as a positive number; -1 is the last.
function core.dimension(what, x, dim, otherwise)
  core.tensor(what, x)
  if dim == nil then dim = otherwise end
  if math.type(dim) ~= "integer" then core.fail("integer_wanted", what, "a dimension", core.what(dim)) end
  local from_one = dim < 0 and x.rank + 1 + dim or dim
  if from_one < 1 or from_one > x.rank then core.fail("dim_range", what, dim, core.tensor_text(x), x.rank) end
  return from_one
end

-- A tensor of that shape: a weight or a bias that was handed in. nil stays nil.
function core.shaped(what, name, x, shape)
  if x == nil then return nil end
  if not core.is_tensor(x) or core.shape_text(x.shape) ~= core.shape_text(shape) then
    core.fail("layer_field", what, name, "a tensor " .. core.shape_text(shape), core.is_tensor(x) and core.tensor_text(x) or core.what(x))
  end
  return x
end

-- A number, or a tensor that broadcasts to the shape. nil stays nil.
function core.factor(what, name, value, shape)
  if value == nil or type(value) == "number" then return value end
  local fits = core.is_tensor(value) and value.rank <= #shape
  for d = 1, fits and value.rank or 0 do
    local size = value.shape[d]
    fits = fits and (size == 1 or size == shape[#shape - value.rank + d])
  end
  if not fits then
    core.fail("layer_field", what, name, "a number or a tensor that broadcasts to " .. core.shape_text(shape), core.is_tensor(value) and core.tensor_text(value) or core.what(value))
  end
  return value
end

-- A number between low and high, else an error that says the range.
function core.range(what, name, value, low, high, text)
  if type(value) ~= "number" then core.fail("number_wanted", what, name, core.what(value)) end
  if not (value >= low and value <= high) then core.fail("number_range", what, name, text, value) end
  return value
end

function core.count(what, name, value)
  if math.type(value) ~= "integer" or value < 1 then
    if type(value) ~= "number" then core.fail("number_wanted", what, name, core.what(value)) end
    core.fail("number_range", what, name, "a whole number of at least 1", value)
  end
  return value
end

function core.tensor(what, x)
  if not core.is_tensor(x) then core.fail("operand_kind", what, core.what(x)) end
  return x
end

function core.shape_text(shape) return "[" .. table.concat(shape, ",") .. "]" end

function core.tensor_text(x) return x.dtype .. " " .. core.shape_text(x.shape) end

function core.is_float(dtype) return dtype == "f32" or dtype == "f64" or dtype == "f16" or dtype == "bf16" end

-- Integers and bools as the default float; floats as they are.
function core.as_float(x) return core.is_float(x.dtype) and x or x:cast(core.float()) end

-- 16-bit floats as f32: what the library's formulas (means, losses, updates) compute in, as PyTorch's kernels do; the
-- result is cast back, one rounding. Other tensors as they are.
local function is_narrow(dtype) return dtype == "f16" or dtype == "bf16" end
function core.wide(x) return is_narrow(x.dtype) and x:cast("f32") or x end

-- The dtype of scalars that count or measure (steps, rates of a schedule, means over a data set): the default float,
-- f32 when that has 16 bits (bf16 counts to 256, f16 to 65504).
function core.scalar() return is_narrow(core.float()) and "f32" or core.float() end

-- f(x), and 0 with derivatives of 0 where x is 0: for powers whose derivative at 0 is infinite. f never sees the 0, else a higher derivative would
-- be 0 * Inf.
function core.unless_zero(x, f)
  local zero = x:eq(0)
  return nn.where(zero, 0, f(nn.where(zero, 1, x)))
end

-- The root of a sum of squares: a norm, whose derivatives of every order at 0 are 0 (PyTorch's first is). Where no gradient is asked for it is a root and nothing else.
local root
function core.root(square)
  root = root or nn.custom_gradient(function(s) return s:sqrt(), s end, function(s, dy)
    return core.unless_zero(root(s), function(y) return dy / (2 * y) end)
  end)
  return root(square)
end

-- ---- the core, with its options checked ----

---@class nn.HyperOptions
---@field min? number `-inf`; the flag is refused outside
---@field max? number `inf`
---@field help? string `nil`: what --help says

--- A number that is read when the built program starts: the flag `--name VALUE`. At the top of the file only; the same name again must have the same default.
---@param name string letters, digits and _, a letter first, at most 63
---@param default number
---@param options? nn.HyperOptions `{}`
---@return nn.Tensor [], the default float
function nn.hyper(name, default, options)
  return core.hyper(name, default, core.fields("nn.hyper", options, { min = "number", max = "number", help = "string" }))
end

---@class nn.BufferOptions
---@field saved? boolean `true`; false: in no model file (PyTorch's persistent)

--- State that is not trained. At the top of the file only.
---@param shape integer[]
---@param init? number|nn.Tensor|nn.Init `0`
---@param dtype? string `--float`, or the dtype of a tensor given as init; any
---@param options? nn.BufferOptions `{}`
---@return nn.Tensor [shape], a state
function nn.buffer(shape, init, dtype, options)
  return core.buffer(shape, init, dtype, core.fields("nn.buffer", options, { saved = "boolean" }))
end

-- ---- small things that rest on the core ----

local function filled(what, shape, value, dtype)
  if type(shape) ~= "table" or core.kind(shape) then core.fail("shape_wanted", what, core.what(shape)) end
  return core.full(shape, value, dtype)
end

--- All 0.
---@param shape integer[]
---@param dtype? string `--float`
---@return nn.Tensor [shape]
function nn.zeros(shape, dtype) return filled("nn.zeros", shape, 0.0, dtype) end
--- All 1.
---@param shape integer[]
---@param dtype? string `--float`
---@return nn.Tensor [shape]
function nn.ones(shape, dtype) return filled("nn.ones", shape, 1.0, dtype) end

local methods = core.methods

-- The number of elements that a reduction over dims (as given by the user) takes together.
local function count_of(what, x, dims, keep)
  local n = 1
  core.flag(what, "keep", keep)
  if dims == nil then
    for _, size in ipairs(x.shape) do n = n * size end
  else
    for _, d in ipairs(type(dims) == "table" and dims or { dims }) do n = n * x.shape[core.dimension(what, x, d)] end
  end
  return n
end

--- The sum over dims divided by their number of elements; integers and bools become the default float first, 16-bit floats are summed in f32.
---@param x nn.Tensor [..]
---@param dims? integer|integer[] `nil`: all
---@param keep? boolean `false`; true: the dimensions stay, with size 1
---@return nn.Tensor
function methods.mean(x, dims, keep)
  x = core.as_float(core.tensor("mean", x))
  local count = count_of("mean", x, dims, keep)
  return (core.wide(x):sum(dims, keep) / count):cast(x.dtype)
end

--- The mean of squared distances from the mean, in two passes. Divided by n, where torch.var divides by n - 1: that is `unbiased`.
---@param x nn.Tensor [..]
---@param dims? integer|integer[] `nil`: all
---@param keep? boolean `false`; true: the dimensions stay, with size 1
---@param unbiased? boolean `false`
---@return nn.Tensor
function methods.var(x, dims, keep, unbiased)
  x = core.as_float(core.tensor("var", x))
  local n, wide = count_of("var", x, dims, keep), core.wide(x)
  core.flag("var", "unbiased", unbiased)
  local centred = wide - wide:mean(dims, true)
  return ((centred * centred):sum(dims, keep) / (unbiased and n - 1 or n)):cast(x.dtype)
end

--- The Euclidean norm over dims, sqrt(sum(x^2)). Its derivatives of every order where the norm is 0 are 0 (PyTorch: the first is).
---@param x nn.Tensor [..]
---@param dims? integer|integer[] `nil`: all
---@param keep? boolean `false`; true: the dimensions stay, with size 1
---@return nn.Tensor
function methods.norm(x, dims, keep)
  x = core.as_float(core.tensor("norm", x))
  count_of("norm", x, dims, keep)
  local wide = core.wide(x)
  return core.root((wide * wide):sum(dims, keep)):cast(x.dtype)
end

--- Dimension `first` and all behind it as one: x:flatten(2) is torch.flatten(x, 1).
---@param x nn.Tensor [..]
---@param first? integer `1`
---@return nn.Tensor
function methods.flatten(x, first)
  core.tensor("flatten", x)
  local shape = {}
  for d = 1, core.count("flatten", "the first dimension", first or 1) - 1 do shape[d] = x.shape[d] end
  shape[#shape + 1] = -1
  return x:reshape(shape)
end

-- One gather over the flattened tensor.
--- Elements along dim by an index of the same rank: y[…, j, …] = x[…, index[…, j, …], …] (torch.gather). An index out of range gives the
--- first or the last, as [`nn.gather`](#nn.gather) does; the gradient adds up at the places that were read.
---@param x nn.Tensor [..]
---@param dim integer
---@param index nn.Tensor whole numbers from 0, [..] like x but for dim
---@return nn.Tensor like index, with x's dtype
function methods.take_along(x, dim, index)
  core.tensor("take_along", x)
  core.tensor("take_along", index)
  if core.is_float(index.dtype) or index.dtype == "bool" then
    core.fail("index_dtype", "take_along", index.dtype, core.tensor_text(index))
  end
  local rank = x.rank
  dim = dim < 0 and rank + 1 + dim or dim
  local fits = index.rank == rank and dim >= 1 and dim <= rank
  for d = 1, rank do fits = fits and (d == dim or index.shape[d] == x.shape[d]) end
  if not fits then core.fail("join_shape", "take_along", core.tensor_text(x), core.tensor_text(index)) end
  local stride, strides = 1, {}
  for d = rank, 1, -1 do
    strides[d] = stride
    stride = stride * x.shape[d]
  end
  local flat = nn.minimum(nn.maximum(index:cast("i32"), 0), x.shape[dim] - 1) * strides[dim]
  for d = 1, rank do
    if d ~= dim and x.shape[d] > 1 then
      local shape = {}
      for k = 1, rank do shape[k] = k == d and x.shape[d] or 1 end
      flat = flat + (nn.iota(x.shape[d]) * strides[d]):reshape(shape)
    end
  end
  return x:reshape { -1 }:gather(1, flat)
end

for name, value in pairs(methods) do nn[name] = value end
