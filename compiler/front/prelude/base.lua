-- base.lua: the core under its public names, and what the other files of the library check their arguments with.
-- Every file of the library is a chunk called with (nn, core): nn is what models see, core what the front gives.
local nn, core = ...

for name, value in pairs(core.methods) do nn[name] = value end
for _, name in ipairs { "constant", "full", "iota", "hyper", "arg", "input", "parameter", "buffer", "assign", "value",
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
    elseif known[key] ~= "any" and type(value) ~= known[key] then
      core.fail(wanted[known[key]], what, key, core.what(value))
    end
  end
  return t
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

-- ---- small things that rest on the core ----

--- All 0.
---@param shape integer[]
---@param dtype? string `--float`
---@return nn.Tensor [shape]
function nn.zeros(shape, dtype) return core.full(shape, 0.0, dtype) end
--- All 1.
---@param shape integer[]
---@param dtype? string `--float`
---@return nn.Tensor [shape]
function nn.ones(shape, dtype) return core.full(shape, 1.0, dtype) end

local methods = core.methods

-- The number of elements that a reduction over dims (as given by the user) takes together.
local function count_of(x, dims)
  local n = 1
  if dims == nil then
    for _, size in ipairs(x.shape) do n = n * size end
  elseif type(dims) == "table" then
    for _, d in ipairs(dims) do n = n * x.shape[d < 0 and x.rank + 1 + d or d] end
  else
    n = x.shape[dims < 0 and x.rank + 1 + dims or dims]
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
  local total = core.wide(x):sum(dims, keep)
  return (total / count_of(x, dims)):cast(x.dtype)
end

--- The mean of squared distances from the mean, in two passes. Divided by n, where torch.var divides by n - 1: that is `unbiased`.
---@param x nn.Tensor [..]
---@param dims? integer|integer[] `nil`: all
---@param keep? boolean `false`; true: the dimensions stay, with size 1
---@param unbiased? boolean `false`
---@return nn.Tensor
function methods.var(x, dims, keep, unbiased)
  x = core.as_float(core.tensor("var", x))
  local wide = core.wide(x)
  local centred = wide - wide:mean(dims, true)
  local n = count_of(x, dims)
  return ((centred * centred):sum(dims, keep) / (unbiased and n - 1 or n)):cast(x.dtype)
end

--- The Euclidean norm over dims, sqrt(sum(x^2)). Its gradient where the norm is 0 is NaN (PyTorch: 0): take the square, or [`nn.normalize`](#nn.normalize).
---@param x nn.Tensor [..]
---@param dims? integer|integer[] `nil`: all
---@param keep? boolean `false`; true: the dimensions stay, with size 1
---@return nn.Tensor
function methods.norm(x, dims, keep)
  x = core.as_float(core.tensor("norm", x))
  local wide = core.wide(x)
  return (wide * wide):sum(dims, keep):sqrt():cast(x.dtype)
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
