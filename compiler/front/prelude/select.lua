-- select.lua: what rests on positions, order and places: sorting and what follows from it, counting by scatter, masks by
-- iota, shapes. PyTorch's meaning; dimensions count from 1. Several results come one after the other, as in Lua.
local nn, core = ...
local methods = core.methods

-- ---- arguments ----

local dimension, whole = core.dimension, core.whole

local function whole_numbers(what, x)
  core.tensor(what, x)
  if core.is_float(x.dtype) or x.dtype == "bool" then core.fail("index_dtype", what, x.dtype, core.tensor_text(x)) end
  return x
end

-- 0 … n-1 along dimension dim of `rank`, 1 elsewhere
local function positions(n, dim, rank)
  local shape = {}
  for d = 1, rank do shape[d] = d == dim and n or 1 end
  return nn.iota(n):reshape(shape)
end

local function replaced(shape, dim, ...)
  local result = {}
  for d, size in ipairs(shape) do
    if d ~= dim then
      result[#result + 1] = size
    else
      for _, new in ipairs { ... } do result[#result + 1] = new end
    end
  end
  return result
end

-- ---- shapes ----

--- A dimension of 1 before `dim`.
---@param x nn.Tensor [..]
---@param dim integer 1 to rank + 1; -1: behind the last
---@return nn.Tensor
function methods.unsqueeze(x, dim)
  core.tensor("unsqueeze", x)
  if math.type(dim) ~= "integer" then core.fail("integer_wanted", "unsqueeze", "a dimension", core.what(dim)) end
  local at, shape = dim < 0 and x.rank + 2 + dim or dim, x.shape
  if at < 1 or at > x.rank + 1 then core.fail("dim_range", "unsqueeze", dim, core.tensor_text(x), x.rank + 1) end
  table.insert(shape, at, 1)
  return x:reshape(shape)
end

--- Without the dimensions of 1: all of them, or those named that are 1.
---@param x nn.Tensor [..]
---@param dims? integer|integer[] `nil`: all
---@return nn.Tensor
function methods.squeeze(x, dims)
  core.tensor("squeeze", x)
  local named, shape = {}, {}
  for _, d in ipairs(type(dims) == "table" and dims or { dims }) do named[dimension("squeeze", x, d)] = true end
  for d, size in ipairs(x.shape) do
    if size ~= 1 or (dims ~= nil and not named[d]) then shape[#shape + 1] = size end
  end
  return x:reshape(shape)
end

--- Dimensions of 1 repeated, and new ones in front.
---@param x nn.Tensor [..]
---@param shape integer[] -1 keeps a size
---@return nn.Tensor [shape]
function methods.expand(x, shape)
  core.tensor("expand", x)
  if type(shape) ~= "table" then core.fail("shape_wanted", "expand", core.what(shape)) end
  local sizes, own = {}, x.shape
  for d, size in ipairs(shape) do
    local from = d - (#shape - x.rank)
    sizes[d] = size == -1 and from >= 1 and own[from] or size
  end
  return x:broadcast(sizes)
end

--- Copies side by side (torch.tile, and Tensor.repeat: that is a keyword of Lua).
---@param x nn.Tensor [..]
---@param counts integer[] of copies along each dimension, the last dimensions where there are fewer counts; more make new dimensions in front
---@return nn.Tensor
function methods.tile(x, counts)
  core.tensor("tile", x)
  if type(counts) ~= "table" then core.fail("list_wanted", "tile", core.what(counts)) end
  local rank, shape = math.max(x.rank, #counts), x.shape
  for _ = x.rank + 1, rank do table.insert(shape, 1, 1) end
  x = x:reshape(shape)
  for k = 1, #counts do
    local d, count = rank - #counts + k, whole("tile", "a count", counts[k], 1)
    if count > 1 then
      x = x:unsqueeze(d):broadcast(replaced(shape, d, count, shape[d])):reshape(replaced(shape, d, count * shape[d]))
      shape = x.shape
    end
  end
  return x
end

--- Each element n times along dim: { 1, 2 } becomes { 1, 1, 2, 2 }.
---@param x nn.Tensor [..]
---@param n integer
---@param dim integer
---@return nn.Tensor
function methods.repeat_interleave(x, n, dim)
  dim = dimension("repeat_interleave", x, dim)
  whole("repeat_interleave", "n", n, 1)
  local shape = x.shape
  local apart, wide = replaced(shape, dim, shape[dim], 1), replaced(shape, dim, shape[dim], n)
  return x:reshape(apart):broadcast(wide):reshape(replaced(shape, dim, shape[dim] * n))
end

--- From the other end along the dimensions; the same as x:reverse.
---@param x nn.Tensor [..]
---@param dims integer|integer[]
---@return nn.Tensor
function methods.flip(x, dims) return core.tensor("flip", x):reverse(dims) end

--- Shifted by `shift` places along dim; what leaves at one end comes in at the other.
---@param x nn.Tensor [..]
---@param shift integer
---@param dim integer
---@return nn.Tensor
function methods.roll(x, shift, dim)
  dim = dimension("roll", x, dim)
  if math.type(shift) ~= "integer" then core.fail("integer_wanted", "roll", "the shift", core.what(shift)) end
  local n = x.shape[dim]
  shift = shift % n
  if shift == 0 then return x end
  return nn.concat({ x:slice(dim, n - shift + 1, n), x:slice(dim, 1, n - shift) }, dim)
end

--- A list of parts along dim.
---@param x nn.Tensor [..]
---@param size integer|integer[] of each (the last may be smaller), or a list of the sizes, which add up
---@param dim? integer `1`
---@return nn.Tensor[]
function methods.split(x, size, dim)
  dim = dimension("split", x, dim, 1)
  local n, sizes, first, parts = x.shape[dim], size, 1, {}
  if type(size) ~= "table" then
    whole("split", "the size", size, 1)
    sizes = {}
    for low = 1, n, size do sizes[#sizes + 1] = math.min(size, n - low + 1) end
  end
  local total = 0
  for _, s in ipairs(sizes) do total = total + whole("split", "a size", s, 1) end
  if total ~= n then core.fail("split_sizes", "split", core.tensor_text(x), dim, total) end
  for k, s in ipairs(sizes) do
    parts[k] = x:slice(dim, first, first + s - 1)
    first = first + s
  end
  return parts
end

--- A list of at most n parts along dim, equal but for the last.
---@param x nn.Tensor [..]
---@param n integer
---@param dim? integer `1`
---@return nn.Tensor[]
function methods.chunk(x, n, dim)
  dim = dimension("chunk", x, dim, 1)
  return x:split((x.shape[dim] + whole("chunk", "the number of parts", n, 1) - 1) // n, dim)
end

-- ---- order ----

local argsort = methods.argsort

--- Positions (from 0) that put dim in order; equal elements keep theirs, in both directions; NaN is larger than every number. No gradient.
---@param x nn.Tensor [..]
---@param dim? integer `-1`
---@param descending? boolean `false`
---@return nn.Tensor i32 [..]
function methods.argsort(x, dim, descending)
  dim = dimension("argsort", x, dim, -1)
  core.flag("argsort", "descending", descending)
  if not descending then return argsort(x, dim) end
  return x.shape[dim] - 1 - argsort(x:reverse(dim), dim):reverse(dim)
end

--- Sorted elements and their positions (from 0); equal elements keep their order, NaN is larger than every number. The gradient goes back to where each came from.
---@param x nn.Tensor [..]
---@param dim? integer `-1`
---@param descending? boolean `false`
---@return nn.Tensor values
---@return nn.Tensor positions, i32
function methods.sort(x, dim, descending)
  dim = dimension("sort", x, dim, -1)
  core.flag("sort", "descending", descending)
  local at = x:argsort(dim, descending)
  return x:take_along(dim, at), at
end

--- The k largest elements along dim, or the smallest, in order, and their positions (from 0).
---@param x nn.Tensor [..]
---@param k integer
---@param dim? integer `-1`
---@param largest? boolean `true`
---@return nn.Tensor values [.., k, ..]
---@return nn.Tensor positions, i32
function methods.topk(x, k, dim, largest)
  dim = dimension("topk", x, dim, -1)
  core.flag("topk", "largest", largest)
  if whole("topk", "k", k, 1) > x.shape[dim] then
    core.fail("number_range", "topk", "k", "at most " .. x.shape[dim], k)
  end
  local at = x:argsort(dim, largest ~= false):slice(dim, 1, k)
  return x:take_along(dim, at), at
end

-- NaN where a line has one: that is its last element then.
local function unless_nan(sorted, dim, y)
  local last = sorted:slice(dim, -1)
  return nn.where(last:ne(last), last, y)
end

--- The q-quantile along dim, between neighbours by linear interpolation; NaN where a line has one.
---@param x nn.Tensor [..], floats
---@param q number|number[] 0 to 1; a list gives a new first dimension
---@param dim? integer `nil`: of all elements
---@param keep? boolean `false`
---@return nn.Tensor
function methods.quantile(x, q, dim, keep)
  core.tensor("quantile", x)
  core.flag("quantile", "keep", keep)
  if not core.is_float(x.dtype) then core.fail("op_dtype", "quantile", "floats", x.dtype) end
  if type(q) == "table" then
    if #q == 0 then core.fail("list_empty", "quantile") end
    local several = {}
    for k, one in ipairs(q) do several[k] = x:quantile(one, dim, keep) end
    return nn.stack(several, 1)
  end
  core.range("quantile", "q", q, 0, 1, "0 to 1")
  local kept = {}
  for d, size in ipairs(x.shape) do kept[d] = dim and size or 1 end
  if dim == nil then x, dim = x:reshape { -1 }, 1 else dim = dimension("quantile", x, dim) end
  if dim <= #kept then kept[dim] = 1 end
  local sorted = x:sort(dim)
  local at = q * (x.shape[dim] - 1)
  local low = math.floor(at)
  local y = sorted:slice(dim, low + 1, low + 1)
  if at > low then y = y + (sorted:slice(dim, low + 2, low + 2) - y) * (at - low) end
  y = unless_nan(sorted, dim, y)
  return keep and y:reshape(kept) or y:squeeze(dim)
end

--- The median along dim (the lower one of two) and its position; of all elements, without a position, where dim is left out. NaN where a line has one.
---@param x nn.Tensor [..]
---@param dim? integer `nil`: of all elements
---@param keep? boolean `false`
---@return nn.Tensor values
---@return nn.Tensor? positions, i32
function methods.median(x, dim, keep)
  core.tensor("median", x)
  core.flag("median", "keep", keep)
  if dim == nil then return (x:reshape({ -1 }):median(1)) end
  dim = dimension("median", x, dim)
  local at = x:argsort(dim)
  local middle = at:slice(dim, (x.shape[dim] + 1) // 2, (x.shape[dim] + 1) // 2)
  if core.is_float(x.dtype) then -- a NaN is the median: the first of them
    local nan = x:ne(x)
    middle = nn.where(nan:max(dim, true):gt(0), nan:argmax(dim, true), middle)
  end
  local y = x:take_along(dim, middle)
  if not keep then y, middle = y:squeeze(dim), middle:squeeze(dim) end
  return y, middle
end

--- How many elements of the sorted edges are smaller than each value. Every value is compared with every edge.
---@param edges nn.Tensor [.., n], or [n] for all
---@param values nn.Tensor [.., m]
---@param right? boolean `false`; true: not larger
---@return nn.Tensor i32 [.., m]
function nn.searchsorted(edges, values, right)
  core.tensor("searchsorted", edges)
  core.tensor("searchsorted", values)
  core.flag("searchsorted", "right", right)
  local fits = edges.rank == 1 or (edges.rank > 1 and edges.rank == values.rank)
  for d = 1, edges.rank - 1 do fits = fits and edges.shape[d] == values.shape[d] end
  if not fits then core.fail("join_shape", "nn.searchsorted", core.tensor_text(edges), core.tensor_text(values)) end
  local e = edges:unsqueeze(-2)
  if edges.rank == 1 then
    local shape = { edges.shape[1] }
    for _ = 1, values.rank do table.insert(shape, 1, 1) end
    e = edges:reshape(shape)
  end
  local v = values:unsqueeze(-1)
  return (right and e:le(v) or e:lt(v)):sum(-1)
end

--- Products of all elements up to each one along dim: log2(n) rounds of pairs, so zeros are nothing special, in the gradient neither.
---@param x nn.Tensor [..]
---@param dim integer
---@return nn.Tensor [..]
function methods.cumprod(x, dim)
  dim = dimension("cumprod", x, dim)
  local n, reach = x.shape[dim], 1
  while reach < n do
    x = x * x:slice(dim, 1, n - reach):pad(dim, reach, 0, 1)
    reach = 2 * reach
  end
  return x
end

-- ---- counting and places ----

--- Whole numbers 0 … classes - 1 as rows with a one at that place; other numbers give zeros (PyTorch: an error).
---@param index nn.Tensor whole numbers [..]
---@param classes integer
---@param dtype? string `"i32"`
---@return nn.Tensor [.., classes]
function nn.one_hot(index, classes, dtype)
  whole_numbers("nn.one_hot", index)
  return index:unsqueeze(-1):eq(nn.iota(whole("nn.one_hot", "the number of classes", classes, 1))):cast(dtype or "i32")
end

--- How often each of 0 … n - 1 occurs in x, or the sum of its weights. Other numbers count as 0 or n - 1.
---@param x nn.Tensor whole numbers [..]
---@param n integer
---@param weights? nn.Tensor `nil`: 1 each; like x
---@return nn.Tensor [n], i32 or the weights' dtype
function nn.bincount(x, n, weights)
  whole_numbers("nn.bincount", x)
  whole("nn.bincount", "n", n, 1)
  if weights == nil then
    return core.full({ n }, 0, "i32"):scatter(1, x, core.full(x.shape, 1, "i32"))
  end
  core.tensor("nn.bincount", weights)
  return core.full({ n }, 0, weights.dtype):scatter(1, x, weights)
end

-- ---- masks ----

-- column - row, i32 [n, m]
local function diagonal_number(n, m) return positions(m, 2, 2) - positions(n, 1, 2) end

local function triangle(what, x, k)
  core.tensor(what, x)
  if x.rank < 2 then core.fail("layer_input", what, "matrices [.., rows, columns]", core.tensor_text(x)) end
  if k ~= nil and math.type(k) ~= "integer" then core.fail("integer_wanted", what, "the diagonal", core.what(k)) end
  return diagonal_number(x.shape[x.rank - 1], x.shape[x.rank])
end

--- Zero above diagonal k.
---@param x nn.Tensor [.., rows, columns]
---@param k? integer `0`: the main one; 1: the one above it
---@return nn.Tensor
function methods.tril(x, k) return nn.where(triangle("tril", x, k):le(k or 0), x, 0) end

--- Zero below diagonal k.
---@param x nn.Tensor [.., rows, columns]
---@param k? integer `0`
---@return nn.Tensor
function methods.triu(x, k) return nn.where(triangle("triu", x, k):ge(k or 0), x, 0) end

--- Ones on the diagonal.
---@param n integer
---@param m? integer `n`
---@param dtype? string `--float`
---@return nn.Tensor [n, m]
function nn.eye(n, m, dtype)
  return diagonal_number(whole("nn.eye", "n", n, 1), whole("nn.eye", "m", m or n, 1)):eq(0):cast(dtype or core.float())
end

--- `value` where the mask is true, x elsewhere.
---@param x nn.Tensor [..]
---@param mask nn.Tensor bool, broadcast to x
---@param value number|nn.Tensor
---@return nn.Tensor [..]
function methods.masked_fill(x, mask, value)
  core.tensor("masked_fill", x)
  return nn.where(core.tensor("masked_fill", mask), value, x)
end

-- ---- draws ----

--- The numbers 0 … n - 1 in random order: the order of n draws of 32 bits.
---@param n integer
---@return nn.Tensor i32 [n]
function nn.random.permutation(n)
  return argsort(nn.random.bits { whole("nn.random.permutation", "n", n, 1) }, 1)
end

--- Whole numbers from low to high, both included (PyTorch leaves out high): the upper half of bits * count (Lemire 2019, without rejection: the most and the least
--- frequent differ by count / 2^32).
---@param shape integer[]
---@param low integer
---@param high integer below 2^31
---@return nn.Tensor i32 [shape]
function nn.random.integers(shape, low, high)
  local function limit(name, value)
    whole("nn.random.integers", name, value, -2^31 | 0)
    if value >= 2^31 then core.fail("number_range", "nn.random.integers", name, "below 2^31, as i32 is", value) end
  end
  limit("low", low)
  limit("high", high)
  whole("nn.random.integers", "high", high, low)
  return nn.mulhi(nn.random.bits(shape), core.full({}, high - low + 1, "u32")):cast("i32") + low
end

--- Gumbel's distribution: -log(-log u). Dtype: the default float.
---@param shape integer[]
---@return nn.Tensor [shape]
function nn.random.gumbel(shape)
  local u = nn.maximum(core.uniform(shape), core.float() == "f64" and 0x1p-54 or 0x1p-25)
  return (-(-u:log()):log()):cast(core.float())
end

--- Exponential distribution with mean 1: -log(1 - u). Dtype: the default float.
---@param shape integer[]
---@return nn.Tensor [shape]
function nn.random.exponential(shape) return (-(-core.uniform(shape)):log1p()):cast(core.float()) end

--- Classes drawn with probabilities softmax(logits): the largest of logits + Gumbel (Gumbel 1954).
---@param logits nn.Tensor [.., classes], floats
---@param n? integer `nil`: one draw a row; n: so many
---@return nn.Tensor i32 [..] or [.., n]
function nn.random.categorical(logits, n)
  core.tensor("nn.random.categorical", logits)
  if logits.rank < 1 or not core.is_float(logits.dtype) then
    core.fail("layer_input", "nn.random.categorical", "logits [.., classes] of a float dtype", core.tensor_text(logits))
  end
  if n ~= nil then
    whole("nn.random.categorical", "n", n, 1)
    local shape = logits.shape
    table.insert(shape, #shape, n)
    logits = logits:unsqueeze(-2):broadcast(shape)
  end
  return (logits + nn.random.gumbel(logits.shape):cast(logits.dtype)):argmax(-1)
end

for name, value in pairs(methods) do nn[name] = value end
