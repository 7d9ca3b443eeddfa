-- pool.lua: pooling, adaptive pooling and resampling over one, two and three dimensions, as PyTorch's layers of these names.
-- Pooling is a reduction over the insides of windows, which stand in front: so each result is one chain, in the order of the window.
local nn, core = ...
local conv = core.conv
local each, dims = conv.each, conv.dims

-- ---- windows ----

local function pool_options(what, n, kernel, given, known)
  given = core.fields(what, given, known)
  local o = { what = what, kernel = each(what, "kernel_size", kernel, n, 1), given = given }
  o.stride = each(what, "stride", given.stride or o.kernel, n, 1)
  o.padding = each(what, "padding", given.padding or 0, n, 0)
  o.dilation = each(what, "dilation", given.dilation or 1, n, 1)
  for k = 1, n do
    if o.padding[k] > o.kernel[k] // 2 then core.fail("pool_padding", what, o.padding[k], o.kernel[k]) end
  end
  return o
end

-- Outputs along a dimension of size `from`; with ceil_mode the last window may hang over the end, if it starts inside.
local function outputs(o, k, from)
  local room = from + 2 * o.padding[k] - o.dilation[k] * (o.kernel[k] - 1) - 1
  local out = room // o.stride[k] + 1
  if o.given.ceil_mode and room % o.stride[k] > 0 and out * o.stride[k] < from + o.padding[k] then out = out + 1 end
  return out
end

-- x [N, C, …] padded with `fill` and its windows, the insides in front: [k…, N, C, …]
local function windows(o, n, x, fill)
  local high, counts = {}, {}
  for k = 1, n do
    local from = x.shape[2 + k]
    counts[k] = outputs(o, k, from)
    local reach = (counts[k] - 1) * o.stride[k] + o.dilation[k] * (o.kernel[k] - 1) + 1
    high[k] = math.max(o.padding[k], reach - from - o.padding[k])
  end
  local padded = conv.pad(o.what, x, n, o.padding, high, "zeros", fill)
  conv.check_fit(o.what, padded, n, o.kernel, o.dilation)
  local v = padded:window { dims = dims(3, n), size = o.kernel, stride = o.stride, dilation = o.dilation }
  local order = dims(n + 3, n)
  for d = 1, n + 2 do order[n + d] = d end
  return v:transpose(order), counts
end

local function max_pool(o, n, x)
  local back
  x, back = conv.batch(o.what, x, n)
  return back((windows(o, n, x, -math.huge)):max(dims(1, n)))
end

-- What the sum of window i along one dimension is divided by: its elements, the padding's included or not, never those beyond it.
local function divisors(o, k, from, count)
  local list, same = {}, true
  for i = 0, count - 1 do
    local first = i * o.stride[k] - o.padding[k]
    local last = math.min(first + o.kernel[k], from + o.padding[k])
    if o.given.count_include_pad == false then first, last = math.max(first, 0), math.min(last, from) end
    list[i + 1] = (last - first) * 1.0
    same = same and list[i + 1] == list[1]
  end
  return list, same
end

local function avg_pool(o, n, x)
  local back, counts
  x, back = conv.batch(o.what, x, n)
  local v
  v, counts = windows(o, n, x, 0)
  local y, scalar = v:sum(dims(1, n)), 1.0
  for k = 1, n do
    local list, same = divisors(o, k, x.shape[2 + k], counts[k])
    if same then
      scalar = scalar * list[1]
    else
      local shape = { #list }
      for _ = k + 1, n do shape[#shape + 1] = 1 end
      y = y / nn.constant(list, x.dtype):reshape(shape)
    end
  end
  return back(scalar == 1 and y or y / scalar)
end

-- ---- as many outputs as asked for: output i takes elements floor(i n / out) … ceil((i + 1) n / out) - 1 ----

local function adaptive_size(what, n, x, size)
  local list = {}
  if type(size) == "table" and not core.kind(size) then
    for k = 1, n do list[k] = size[k] or x.shape[x.rank - n + k] end -- false: as many as there are
  else
    list = { size, size, size }
  end
  return each(what, "output_size", { table.unpack(list, 1, n) }, n, 1)
end

local function adaptive_parts(x, dim, out, f)
  local n, list = x.shape[dim], {}
  if n == out then return x end
  for i = 0, out - 1 do
    list[i + 1] = f(x:slice(dim, i * n // out + 1, ((i + 1) * n + out - 1) // out), dim)
  end
  return nn.concat(list, dim)
end

local function adaptive(what, n, x, size, pool, f)
  local back
  x, back = conv.batch(what, x, n)
  size = adaptive_size(what, n, x, size)
  local kernel, even = {}, true
  for k = 1, n do
    kernel[k] = x.shape[2 + k] // size[k]
    even = even and x.shape[2 + k] % size[k] == 0
  end
  if even then return back(pool(pool_options(what, n, kernel, {}, {}), n, x)) end
  for k = n, 1, -1 do x = adaptive_parts(x, 2 + k, size[k], f) end -- the last first: ties fall as in one window
  return back(x)
end

local function largest(part, dim) return part:max(dim, true) end
local function average(part, dim) return part:mean(dim, true) end

for n = 1, 3 do
  local max_known = { stride = "any", padding = "any", dilation = "any", ceil_mode = "boolean" }
  local avg_known = { stride = "any", padding = "any", ceil_mode = "boolean", count_include_pad = "boolean" }
  local suffix = n .. "d"

  nn["max_pool" .. suffix] = function(x, kernel, options)
    return max_pool(pool_options("nn.max_pool" .. suffix, n, kernel, options, max_known), n, x)
  end
  nn["avg_pool" .. suffix] = function(x, kernel, options)
    return avg_pool(pool_options("nn.avg_pool" .. suffix, n, kernel, options, avg_known), n, x)
  end
  nn["adaptive_max_pool" .. suffix] = function(x, size)
    return adaptive("nn.adaptive_max_pool" .. suffix, n, x, size, max_pool, largest)
  end
  nn["adaptive_avg_pool" .. suffix] = function(x, size)
    return adaptive("nn.adaptive_avg_pool" .. suffix, n, x, size, avg_pool, average)
  end

  -- Annotations in pool.d.lua.
  nn["MaxPool" .. suffix] = function(kernel, options)
    local o = pool_options("MaxPool" .. suffix, n, kernel, options, max_known)
    return core.module({ forward = function(_, x) return max_pool(o, n, x) end }, "nn.MaxPool" .. suffix)
  end
  nn["AvgPool" .. suffix] = function(kernel, options)
    local o = pool_options("AvgPool" .. suffix, n, kernel, options, avg_known)
    return core.module({ forward = function(_, x) return avg_pool(o, n, x) end }, "nn.AvgPool" .. suffix)
  end
  nn["AdaptiveMaxPool" .. suffix] = function(size)
    local what = "AdaptiveMaxPool" .. suffix
    return core.module({ forward = function(_, x) return adaptive(what, n, x, size, max_pool, largest) end }, "nn." .. what)
  end
  nn["AdaptiveAvgPool" .. suffix] = function(size)
    local what = "AdaptiveAvgPool" .. suffix
    return core.module({ forward = function(_, x) return adaptive(what, n, x, size, avg_pool, average) end }, "nn." .. what)
  end
end

-- ---- resampling ----

-- Elements of x along dim by a list of positions from 0.
local function picked(x, dim, list) return x:gather(dim, nn.constant(list, "i32")) end

local function repeated(x, dim, times)
  local shape, wide = {}, {}
  for d = 1, x.rank do
    shape[#shape + 1], wide[#wide + 1] = x.shape[d], x.shape[d]
    if d == dim then shape[#shape + 1], wide[#wide + 1] = 1, times end
  end
  local to = { table.unpack(x.shape) }
  to[dim] = to[dim] * times
  return x:reshape(shape):broadcast(wide):reshape(to)
end

local function nearest(x, dim, out, scale)
  local n, list = x.shape[dim], {}
  if out % n == 0 and scale == n / out then return repeated(x, dim, out // n) end
  for i = 0, out - 1 do list[i + 1] = math.min(math.floor(i * scale), n - 1) end
  return picked(x, dim, list)
end

-- y_i = (1 - l) x_j + l x_{j+1} at the place j + l: corners on corners, or pixels as squares whose edges meet.
local function linear(x, dim, out, scale, corners)
  local n, low, high, weight = x.shape[dim], {}, {}, {}
  if n == out and (corners or scale == 1) then return x end
  for i = 0, out - 1 do
    local at = corners and (out > 1 and i * ((n - 1) / (out - 1)) or 0) or math.max((i + 0.5) * scale - 0.5, 0)
    local j = math.min(math.floor(at), n - 1)
    low[i + 1], high[i + 1], weight[i + 1] = j, math.min(j + 1, n - 1), at - j
  end
  local shape = { out }
  for _ = dim + 1, x.rank do shape[#shape + 1] = 1 end
  local l = nn.constant(weight, x.dtype):reshape(shape)
  return (1 - l) * picked(x, dim, low) + l * picked(x, dim, high)
end

local modes = { nearest = 0, linear = 1, bilinear = 2, trilinear = 3 } -- and the number of dimensions that each is for

-- nn.interpolate(x, { size | scale_factor, mode = "nearest", align_corners = false }), x [N, C, …]
local function resample(what, x, o)
  core.tensor(what, x)
  x = core.as_float(x)
  local n = x.rank - 2
  if n < 1 or n > 3 then core.fail("layer_input", what, "a batch [N, C, …] of one to three dimensions", core.tensor_text(x)) end
  local mode = o.mode or "nearest"
  if not modes[mode] then core.fail("mode_unknown", what, mode, core.nearest(mode, { "nearest", "linear", "bilinear", "trilinear" })) end
  if modes[mode] > 0 and modes[mode] ~= n then
    core.fail("layer_input", what, modes[mode] + 2 .. " dimensions in the mode " .. mode, core.tensor_text(x))
  end
  if (o.size == nil) == (o.scale_factor == nil) then core.fail("field_missing", what, "either size or scale_factor") end
  local size, factor = o.size and each(what, "size", o.size, n, 1), o.scale_factor
  for k = 1, n do
    local from, f = x.shape[2 + k], type(factor) == "table" and factor[k] or factor
    if factor ~= nil and (type(f) ~= "number" or f <= 0 or from * f < 1) then
      core.fail("layer_field", what, "scale_factor", "a number that leaves at least one element", core.what(f))
    end
    local out = size and size[k] or math.floor(from * f)
    local scale = size and from / out or 1 / f
    x = mode == "nearest" and nearest(x, 2 + k, out, scale) or linear(x, 2 + k, out, scale, o.align_corners)
  end
  return x
end

local resample_known = { size = "any", scale_factor = "any", mode = "string", align_corners = "boolean" }

---@class nn.ResampleOptions
---@field size? integer|integer[] `nil`; either this or scale_factor
---@field scale_factor? number|number[] `nil`; sizes are floor(n factor)
---@field mode? "nearest"|"linear"|"bilinear"|"trilinear" `"nearest"`: element floor(i n / out); linear ones for one, two, three dimensions
---@field align_corners? boolean `false`: pixels are squares whose outer edges meet; true: corners on corners

--- x at other sizes (torch.nn.functional.interpolate). The scale used is the given factor, else n / out.
---@param x nn.Tensor [N, C, L], [N, C, H, W] or [N, C, D, H, W]
---@param options nn.ResampleOptions
---@return nn.Tensor [N, C, …]
function nn.interpolate(x, options)
  return resample("nn.interpolate", x, core.fields("nn.interpolate", options, resample_known))
end

--- nn.interpolate as a module.
---@param options nn.ResampleOptions
---@return nn.Module
function nn.Upsample(options)
  local o = core.fields("Upsample", options, resample_known)
  return core.module({ forward = function(_, x) return resample("Upsample", x, o) end }, "nn.Upsample")
end
