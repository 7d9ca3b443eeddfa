-- conv.lua: convolutions over one, two and three dimensions, and the windows under them. A convolution is a dot over a window of
-- the padded input; a transposed one sums windows, which is the adjoint of that. Names, layouts, defaults and initial values are
-- PyTorch's: x [N, C, …], weight [out, in / groups, …], of a transposed convolution [in, out / groups, …].
local nn, core = ...
local conv = {} -- what pool.lua uses too
core.conv = conv

-- ---- arguments ----

-- A number for each of n dimensions, from one number or a list of n; at least `least`.
function conv.each(what, name, value, n, least)
  local list = {}
  if type(value) ~= "number" and (type(value) ~= "table" or core.kind(value) or #value ~= n) then
    core.fail("layer_field", what, name, n == 1 and "a whole number" or "a whole number or a list of " .. n, core.what(value))
  end
  for k = 1, n do
    local v = type(value) == "table" and value[k] or value
    if math.type(v) ~= "integer" or v < least then
      core.fail("number_range", what, name, "a whole number of at least " .. least, type(v) == "number" and v or core.what(v))
    end
    list[k] = v
  end
  return list
end
local each = conv.each

local function text(list) return table.concat(list, "x") end
conv.text = text

-- x as a batch [N, C, …] of n further dimensions; a single example [C, …] becomes a batch of one, and `back` undoes that.
function conv.batch(what, x, n)
  core.tensor(what, x)
  x = core.as_float(x)
  if x.rank == n + 2 then return x, function(y) return y end end
  if x.rank ~= n + 1 then
    local names = ({ "[N, C, L]", "[N, C, H, W]", "[N, C, D, H, W]" })[n]
    core.fail("layer_input", what, "a batch " .. names, core.tensor_text(x))
  end
  local shape = { 1, table.unpack(x.shape) }
  return x:reshape(shape), function(y) return y:reshape { table.unpack(y.shape, 2) } end
end

-- ---- padding ----

local function part(x, dim, first, last) return first <= last and x:slice(dim, first, last) or nil end

local function joined(before, x, after, dim)
  local parts = {}
  if before then parts[1] = before end
  parts[#parts + 1] = x
  if after then parts[#parts + 1] = after end
  return nn.concat(parts, dim)
end

local pad_modes = {
  reflect = function(what, x, dim, low, high)
    local n = x.shape[dim]
    if low >= n or high >= n then
      core.fail("pad_reflect", what, math.max(low, high), math.max(low, high) + 1, core.tensor_text(x))
    end
    local before, after = part(x, dim, 2, low + 1), part(x, dim, n - high, n - 1)
    return joined(before and before:reverse(dim), x, after and after:reverse(dim), dim)
  end,
  replicate = function(_, x, dim, low, high)
    local function repeated(first, count)
      if count == 0 then return nil end
      local shape = { table.unpack(x.shape) }
      shape[dim] = count
      return x:slice(dim, first, first):broadcast(shape)
    end
    return joined(repeated(1, low), x, repeated(x.shape[dim], high), dim)
  end,
  circular = function(what, x, dim, low, high)
    local n = x.shape[dim]
    if low > n or high > n then core.fail("pad_circular", what, math.max(low, high), core.tensor_text(x)) end
    return joined(part(x, dim, n - low + 1, n), x, part(x, dim, 1, high), dim)
  end,
}

-- The last n dimensions with low[k] and high[k] more elements, zeros (or `fill`) or what the mode says.
function conv.pad(what, x, n, low, high, mode, fill)
  for k = 1, n do
    local dim = x.rank - n + k
    if low[k] > 0 or high[k] > 0 then
      if mode == "zeros" then
        x = x:pad(dim, low[k], high[k], fill or 0)
      else
        x = pad_modes[mode](what, x, dim, low[k], high[k])
      end
    end
  end
  return x
end

-- Padding as given: numbers, "valid" (none) or "same" (as many outputs as inputs; what does not halve goes behind).
local function padding_of(what, o, n)
  if type(o.padding) ~= "string" then
    local p = each(what, "padding", o.padding or 0, n, 0)
    return p, p
  end
  local low, high = {}, {}
  if o.padding ~= "valid" and o.padding ~= "same" then
    core.fail("mode_unknown", what, o.padding, core.nearest(o.padding, { "valid", "same" }))
  end
  for k = 1, n do
    local total = o.padding == "same" and o.dilation[k] * (o.kernel[k] - 1) or 0
    if o.padding == "same" and o.stride[k] ~= 1 then core.fail("conv_same", what, text(o.stride)) end
    low[k], high[k] = total // 2, total - total // 2
  end
  return low, high
end

-- How far a window of size k reaches, and an error where it does not fit.
function conv.check_fit(what, x, n, kernel, dilation)
  for k = 1, n do
    local reach = (kernel[k] - 1) * (dilation and dilation[k] or 1) + 1
    if reach > x.shape[x.rank - n + k] then
      core.fail("conv_fit", what, text(kernel), dilation and " with dilation " .. text(dilation) or "", core.tensor_text(x))
    end
  end
end

local function dims(first, n)
  local list = {}
  for k = 1, n do list[k] = first + k - 1 end
  return list
end
conv.dims = dims

-- ---- convolution ----

-- Channels of x in g groups: [N, C, …] -> [N, g, C / g, …]
local function grouped(x, g) return x:reshape { x.shape[1], g, x.shape[2] // g, table.unpack(x.shape, 3) } end
local function ungrouped(x) return x:reshape { x.shape[1], x.shape[2] * x.shape[3], table.unpack(x.shape, 4) } end

local function add_bias(what, y, bias, n)
  if bias == nil then return y end
  core.shaped(what, "bias", bias, { y.shape[2] })
  local shape = { bias.shape[1] }
  for k = 1, n do shape[k + 1] = 1 end
  return y + bias:reshape(shape)
end

-- Groups one by one, where all at once would have more than 8 dimensions.
local function group_by_group(x, weight, g, f)
  local list, c, o = {}, x.shape[2] // g, weight.shape[1] // g
  for i = 1, g do
    list[i] = f(x:slice(2, (i - 1) * c + 1, i * c), weight:slice(1, (i - 1) * o + 1, i * o))
  end
  return nn.concat(list, 2)
end

-- x [N, C, …] padded, weight [O, C / g, k…] -> [N, O, …]
local function product(x, weight, n, g, o)
  local window = { dims = dims(3, n), size = o.kernel, stride = o.stride, dilation = o.dilation }
  if g == 1 then -- [O, C, k] . [N, C, p, k] -> [O, N, p]
    local k_w, k_x = dims(2, n + 1), { 2, table.unpack(dims(n + 3, n)) }
    return core.dot(weight, x:window(window), k_w, k_x, nil, nil, o.what):transpose(1, 2)
  end
  if n == 3 and weight.shape[2] > 1 then
    return group_by_group(x, weight, g, function(part_x, part_w) return product(part_x, part_w, n, 1, o) end)
  end
  local one = weight.shape[2] == 1 -- depthwise: a group is a channel
  local w = weight:reshape { g, weight.shape[1] // g, table.unpack(weight.shape, one and 3 or 2) }
  local first = one and 3 or 4 -- [N, g, C / g, p, k], without the channels when there is one
  window.dims = dims(first, n)
  local v = (one and x or grouped(x, g)):window(window)
  local k_w, k_x = dims(3, n), dims(first + n, n)
  if not one then k_w, k_x = dims(3, n + 1), { 3, table.unpack(k_x) } end
  local y = core.dot(w, v, k_w, k_x, { 1 }, { 2 }, o.what) -- [g, O / g, N, p]
  return ungrouped(y:transpose { 3, 1, 2, table.unpack(dims(4, n)) })
end

local function checked_groups(what, channels, g, which)
  if channels % g ~= 0 then core.fail("conv_groups", what, channels, which, g) end
end

local function convolve(what, n, x, weight, bias, o)
  local back
  x, back = conv.batch(what, x, n)
  if x.shape[2] ~= weight.shape[2] * o.groups then
    core.fail("layer_input", what, weight.shape[2] * o.groups .. " channels", core.tensor_text(x))
  end
  local low, high = padding_of(what, o, n)
  local padded = conv.pad(what, x, n, low, high, o.padding_mode)
  conv.check_fit(what, padded, n, o.kernel, o.dilation)
  return back(add_bias(what, product(padded, weight, n, o.groups, o), bias, n))
end

local option_kinds = {
  stride = "any", padding = "any", dilation = "any", groups = "number", bias = "boolean", padding_mode = "string", init = "function",
  dtype = "dtype", output_padding = "any",
}

local function options_of(what, n, kernel, given, known)
  local kinds = {}
  for _, name in ipairs(known) do kinds[name] = option_kinds[name] end
  given = core.fields(what, given, kinds)
  local o = { what = what, kernel = kernel, padding = given.padding, given = given }
  o.stride = each(what, "stride", given.stride or 1, n, 1)
  o.dilation = each(what, "dilation", given.dilation or 1, n, 1)
  o.groups = core.count(what, "groups", given.groups or 1)
  o.padding_mode = given.padding_mode or "zeros"
  if o.padding_mode ~= "zeros" and not pad_modes[o.padding_mode] then
    core.fail("mode_unknown", what, o.padding_mode, core.nearest(o.padding_mode, { "zeros", "reflect", "replicate", "circular" }))
  end
  return o
end

local function kernel_of(weight) return { table.unpack(weight.shape, 3) } end

local function check_weight(what, weight, n)
  core.tensor(what, weight)
  if weight.rank ~= n + 2 then core.fail("layer_input", what, "a weight of " .. n + 2 .. " dimensions", core.tensor_text(weight)) end
end

-- weight and bias, both U(-1/sqrt(fan_in), 1/sqrt(fan_in)): PyTorch's kaiming_uniform with a = sqrt(5)
local function parameters(self, shape, out, o)
  local fan_in = shape[2]
  for k = 3, #shape do fan_in = fan_in * shape[k] end
  local within, given = core.init_within(1 / math.sqrt(fan_in)), o.given
  self.weight = nn.parameter(shape, given.init or within, given.dtype)
  if given.bias ~= false then self.bias = nn.parameter({ out }, within, given.dtype) end
end

local function transposed(what, n, x, weight, bias, o)
  local back
  x, back = conv.batch(what, x, n)
  if x.shape[2] ~= weight.shape[1] then
    core.fail("layer_input", what, weight.shape[1] .. " channels", core.tensor_text(x))
  end
  checked_groups(what, x.shape[2], o.groups, "input")
  return back(add_bias(what, o.sum(x, weight, n, o.groups, o), bias, n))
end

-- Output sizes: those that a convolution with the same numbers would take to x's, and output_padding more.
local function extents(x, n, o)
  local extent, first, last, more = {}, {}, {}, {}
  for k = 1, n do
    local full = (x.shape[x.rank - n + k] - 1) * o.stride[k] + o.dilation[k] * (o.kernel[k] - 1) + 1
    first[k] = o.pad[k] + 1
    last[k] = full - o.pad[k] + o.output_padding[k]
    extent[k] = math.max(full, math.min(last[k], full + o.stride[k] - 1))
    more[k] = math.max(last[k] - extent[k], 0)
    if last[k] < first[k] then core.fail("conv_transpose_empty", o.what, text(o.pad), core.tensor_text(x)) end
  end
  return extent, first, last, more
end

local function transposed_sum(x, weight, n, g, o)
  if n == 3 and g > 1 then
    return group_by_group(x, weight, g, function(part_x, part_w) return transposed_sum(part_x, part_w, n, 1, o) end)
  end
  local y, at = nil, 3 -- y [N, O, p, k], the places p from dimension `at` on
  if g == 1 then -- [C, O, k] . [N, C, p] -> [O, k, N, p]
    y = core.dot(weight, x, 1, 2, nil, nil, o.what)
    local order = { n + 2, 1 }
    for k = 1, n do order[2 + k], order[2 + n + k] = n + 2 + k, 1 + k end
    y = y:transpose(order)
  else -- [g, C / g, O / g, k] . [N, g, C / g, p] -> [g, O / g, k, N, p] -> [N, g, O / g, p, k]
    local w = weight:reshape { g, weight.shape[1] // g, table.unpack(weight.shape, 2) }
    y = core.dot(w, grouped(x, g), 2, 3, { 1 }, { 2 }, o.what)
    local order = { n + 3, 1, 2 }
    for k = 1, n do order[3 + k], order[3 + n + k] = n + 3 + k, 2 + k end
    y, at = y:transpose(order), 4
  end
  local extent, first, last, more = extents(x, n, o)
  y = y:unwindow { dims = dims(at, n), size = o.kernel, stride = o.stride, dilation = o.dilation, extent = extent }
  if g > 1 then y = ungrouped(y) end
  for k = 1, n do
    if more[k] > 0 then y = y:pad(2 + k, 0, more[k]) end
    y = y:slice(2 + k, first[k], last[k])
  end
  return y
end

local function transposed_options(what, n, kernel, given, known)
  local o = options_of(what, n, kernel, given, known)
  o.pad = each(what, "padding", o.given.padding or 0, n, 0)
  o.output_padding = each(what, "output_padding", o.given.output_padding or 0, n, 0)
  o.sum = transposed_sum
  for k = 1, n do
    if o.output_padding[k] >= math.max(o.stride[k], o.dilation[k]) then
      core.fail("conv_output_padding", what, o.output_padding[k], o.stride[k], o.dilation[k])
    end
  end
  return o
end

local conv_call = { "stride", "padding", "dilation", "groups", "padding_mode" }
local back_call = { "stride", "padding", "output_padding", "dilation", "groups" }
local conv_options, back_options = { "bias", "init", "dtype", table.unpack(conv_call) }, { "bias", "init", "dtype", table.unpack(back_call) }

for n = 1, 3 do
  local name, lower = "Conv" .. n .. "d", "conv" .. n .. "d"
  local back_name, back_lower = "ConvTranspose" .. n .. "d", "conv_transpose" .. n .. "d"

  -- Annotations in conv.d.lua.
  nn[lower] = function(x, weight, bias, options)
    check_weight("nn." .. lower, weight, n)
    local o = options_of("nn." .. lower, n, kernel_of(weight), options, conv_call)
    checked_groups("nn." .. lower, weight.shape[1], o.groups, "output")
    return convolve("nn." .. lower, n, x, weight, bias, o)
  end

  nn[name] = function(inputs, outputs, kernel, options)
    core.count(name, "in_channels", inputs)
    core.count(name, "out_channels", outputs)
    local o = options_of(name, n, each(name, "kernel_size", kernel, n, 1), options, conv_options)
    checked_groups(name, inputs, o.groups, "input")
    checked_groups(name, outputs, o.groups, "output")
    padding_of(name, o, n)
    local self = { forward = function(m, x) return convolve(name, n, x, m.weight, m.bias, o) end }
    parameters(self, { outputs, inputs // o.groups, table.unpack(o.kernel) }, outputs, o)
    return core.module(self, "nn." .. name)
  end

  nn[back_lower] = function(x, weight, bias, options)
    check_weight("nn." .. back_lower, weight, n)
    return transposed("nn." .. back_lower, n, x, weight, bias, transposed_options("nn." .. back_lower, n, kernel_of(weight), options, back_call))
  end

  nn[back_name] = function(inputs, outputs, kernel, options)
    core.count(back_name, "in_channels", inputs)
    core.count(back_name, "out_channels", outputs)
    local o = transposed_options(back_name, n, each(back_name, "kernel_size", kernel, n, 1), options, back_options)
    checked_groups(back_name, inputs, o.groups, "input")
    checked_groups(back_name, outputs, o.groups, "output")
    local self = { forward = function(m, x) return transposed(back_name, n, x, m.weight, m.bias, o) end }
    parameters(self, { inputs, outputs // o.groups, table.unpack(o.kernel) }, outputs, o)
    return core.module(self, "nn." .. back_name)
  end
end

-- ---- blocks as columns ----

local function block_options(what, kernel, options)
  options = core.fields(what, options, { dilation = "any", padding = "any", stride = "any" })
  local o = { what = what, kernel = each(what, "kernel_size", kernel, 2, 1), output_padding = { 0, 0 } }
  o.stride, o.dilation = each(what, "stride", options.stride or 1, 2, 1), each(what, "dilation", options.dilation or 1, 2, 1)
  o.pad = each(what, "padding", options.padding or 0, 2, 0)
  return o
end

---@class nn.BlockOptions
---@field stride? integer|integer[] `1`
---@field padding? integer|integer[] `0`
---@field dilation? integer|integer[] `1`

--- The blocks under a sliding window as columns (torch.nn.functional.unfold), channels first, then the window's rows.
---@param x nn.Tensor [N, C, H, W] or [C, H, W]
---@param kernel integer|integer[] kh, kw
---@param options? nn.BlockOptions `{}`
---@return nn.Tensor [N, C kh kw, blocks] or [C kh kw, blocks]
function nn.unfold(x, kernel, options)
  local o, back = block_options("nn.unfold", kernel, options), nil
  x, back = conv.batch("nn.unfold", x, 2)
  x = conv.pad("nn.unfold", x, 2, o.pad, o.pad, "zeros")
  conv.check_fit("nn.unfold", x, 2, o.kernel, o.dilation)
  local v = x:window { dims = { 3, 4 }, size = o.kernel, stride = o.stride, dilation = o.dilation }
  local s = v.shape
  return back(v:transpose { 1, 2, 5, 6, 3, 4 }:reshape { s[1], s[2] * s[5] * s[6], s[3] * s[4] })
end

--- Columns summed back into an image (torch.nn.functional.fold): the adjoint of nn.unfold.
---@param columns nn.Tensor [N, C kh kw, blocks]
---@param output_size integer|integer[] H, W
---@param kernel integer|integer[] kh, kw
---@param options? nn.BlockOptions `{}`
---@return nn.Tensor [N, C, H, W]
function nn.fold(columns, output_size, kernel, options)
  local what = "nn.fold"
  local o, size = block_options(what, kernel, options), each(what, "output_size", output_size, 2, 1)
  core.tensor(what, columns)
  local extent, places, area = {}, {}, o.kernel[1] * o.kernel[2]
  for k = 1, 2 do
    extent[k] = size[k] + 2 * o.pad[k]
    places[k] = (extent[k] - o.dilation[k] * (o.kernel[k] - 1) - 1) // o.stride[k] + 1
  end
  local fits = columns.rank == 3 and columns.shape[2] % area == 0 and places[1] > 0 and places[2] > 0
  if not fits or columns.shape[3] ~= places[1] * places[2] then
    local wanted = ("columns [N, C*%d, %d]"):format(area, math.max(places[1], 0) * math.max(places[2], 0))
    core.fail("layer_input", what, wanted, core.tensor_text(columns))
  end
  local v = columns:reshape { columns.shape[1], columns.shape[2] // area, o.kernel[1], o.kernel[2], places[1], places[2] }
  v = v:transpose { 1, 2, 5, 6, 3, 4 }
  local y = v:unwindow { dims = { 3, 4 }, size = o.kernel, stride = o.stride, dilation = o.dilation, extent = extent }
  return y:slice(3, o.pad[1] + 1, o.pad[1] + size[1]):slice(4, o.pad[2] + 1, o.pad[2] + size[2])
end
