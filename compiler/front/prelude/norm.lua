-- norm.lua: normalisation: functions on tensors, and modules with PyTorch's names of states and defaults. Statistics are
-- two-pass (the mean first, then the mean of squared distances from it), biased unless said otherwise.
local nn, core = ...

local function epsilon(what, eps, otherwise)
  return core.range(what, "eps", eps == nil and otherwise or eps, 0, math.huge, "at least 0")
end

local function affine_options(what, options, more)
  local known = { eps = "number", dtype = "dtype" }
  for name, kind in pairs(more) do known[name] = kind end
  options = core.fields(what, options, known)
  epsilon(what, options.eps, 0)
  return options
end

-- (x - mean) / sqrt(variance + eps) over dims, and both statistics with those dims kept at size 1
local function standardised(x, dims, eps)
  local wide, t = core.wide(x), x.dtype
  local mean = wide:mean(dims, true)
  local centred = wide - mean
  local variance = (centred * centred):mean(dims, true)
  return (centred * (variance + eps):rsqrt()):cast(t), mean:cast(t), variance:cast(t)
end

-- The last dimensions of x, which must have the sizes given: { -n, …, -1 }
local function last_dims(what, x, shape)
  local dims, fits = {}, x.rank >= #shape
  for i, size in ipairs(shape) do
    dims[i] = i - #shape - 1
    fits = fits and x.shape[x.rank - #shape + i] == size
  end
  if not fits then core.fail("layer_input", what, "last dimensions of " .. core.shape_text(shape), core.tensor_text(x)) end
  return dims
end

local function sizes(what, shape)
  if math.type(shape) == "integer" then shape = { shape } end
  if type(shape) ~= "table" or core.kind(shape) or #shape == 0 then core.fail("shape_wanted", what, core.what(shape)) end
  for _, size in ipairs(shape) do core.count(what, "normalized_shape", size) end
  return shape
end

--- (x - mean) / sqrt(var + eps) * weight + bias over the last dimensions (Ba et al. 2016, eq. 4); the variance is biased.
---@param x nn.Tensor [.., normalized_shape]
---@param normalized_shape integer|integer[]
---@param weight? nn.Tensor `nil` [normalized_shape]
---@param bias? nn.Tensor `nil` [normalized_shape]
---@param eps? number `1e-5`
---@return nn.Tensor [.., normalized_shape]
function nn.layer_norm(x, normalized_shape, weight, bias, eps)
  x = core.as_float(core.tensor("nn.layer_norm", x))
  local what, shape = "nn.layer_norm", sizes("nn.layer_norm", normalized_shape)
  local y = standardised(x, last_dims(what, x, shape), epsilon(what, eps, 1e-5))
  core.shaped(what, "weight", weight, shape)
  core.shaped(what, "bias", bias, shape)
  if weight then y = y * weight end
  return bias and y + bias or y
end

local function layer_norm_forward(self, x)
  core.tensor("nn.LayerNorm", x)
  last_dims("nn.LayerNorm", x, self.normalized_shape)
  return nn.layer_norm(x, self.normalized_shape, self.weight, self.bias, self.eps)
end

---@class nn.LayerNormOptions
---@field eps? number `1e-5`, at least 0
---@field elementwise_affine? boolean `true`; false: no states
---@field bias? boolean `true`
---@field dtype? string `--float`

--- nn.layer_norm with `weight` (1) and `bias` (0), both [normalized_shape].
---@param normalized_shape integer|integer[] the sizes of the last dimensions
---@param options? nn.LayerNormOptions `{}`
---@return nn.Module
function nn.LayerNorm(normalized_shape, options)
  local shape = sizes("nn.LayerNorm", normalized_shape)
  options = affine_options("nn.LayerNorm", options, { elementwise_affine = "boolean", bias = "boolean" })
  local self = { normalized_shape = shape, eps = options.eps or 1e-5, forward = layer_norm_forward }
  if options.elementwise_affine ~= false then
    self.weight = nn.parameter(shape, 1, options.dtype)
    if options.bias ~= false then self.bias = nn.parameter(shape, 0, options.dtype) end
  end
  return core.module(self, "nn.LayerNorm")
end

local machine_epsilon = { f64 = 0x1p-52, f32 = 0x1p-23, f16 = 0x1p-10, bf16 = 0x1p-7 }

--- x / sqrt(mean(x^2) + eps) * weight over the last dimensions (Zhang and Sennrich 2019, eq. 4).
---@param x nn.Tensor [.., normalized_shape]
---@param normalized_shape integer|integer[]
---@param weight? nn.Tensor `nil` [normalized_shape]
---@param eps? number `2^-23`: the machine epsilon of x's dtype (f32)
---@return nn.Tensor [.., normalized_shape]
function nn.rms_norm(x, normalized_shape, weight, eps)
  x = core.as_float(core.tensor("nn.rms_norm", x))
  local what, shape = "nn.rms_norm", sizes("nn.rms_norm", normalized_shape)
  local dims = last_dims(what, x, shape)
  eps = epsilon(what, eps, machine_epsilon[x.dtype])
  core.shaped(what, "weight", weight, shape)
  local wide = core.wide(x)
  local y = (wide * ((wide * wide):mean(dims, true) + eps):rsqrt()):cast(x.dtype)
  return weight and y * weight or y
end

local function rms_norm_forward(self, x)
  core.tensor("nn.RMSNorm", x)
  last_dims("nn.RMSNorm", x, self.normalized_shape)
  return nn.rms_norm(x, self.normalized_shape, self.weight, self.eps)
end

---@class nn.RMSNormOptions
---@field eps? number `2^-23`: the machine epsilon of x's dtype (f32)
---@field elementwise_affine? boolean `true`; false: no states
---@field dtype? string `--float`

--- nn.rms_norm with `weight` (1) [normalized_shape].
---@param normalized_shape integer|integer[] the sizes of the last dimensions
---@param options? nn.RMSNormOptions `{}`
---@return nn.Module
function nn.RMSNorm(normalized_shape, options)
  local shape = sizes("nn.RMSNorm", normalized_shape)
  options = affine_options("nn.RMSNorm", options, { elementwise_affine = "boolean" })
  local self = { normalized_shape = shape, eps = options.eps, forward = rms_norm_forward }
  if options.elementwise_affine ~= false then self.weight = nn.parameter(shape, 1, options.dtype) end
  return core.module(self, "nn.RMSNorm")
end

-- ---- by channel: x [B, C, …] ----

-- [C] as [1, C, 1, …], to stand beside a tensor of that rank
local function by_channel(v, rank)
  local shape = {}
  for d = 1, rank do shape[d] = d == 2 and v.shape[1] or 1 end
  return v:reshape(shape)
end

local function scaled(y, weight, bias)
  if weight then y = y * by_channel(weight, y.rank) end
  return bias and y + by_channel(bias, y.rank) or y
end

--- Each of `groups` equal runs of channels of each row normalised over its elements, then scaled by channel (Wu and He 2018).
---@param x nn.Tensor [B, C, …]
---@param groups integer divides C
---@param weight? nn.Tensor `nil` [C]
---@param bias? nn.Tensor `nil` [C]
---@param eps? number `1e-5`
---@return nn.Tensor [B, C, …]
function nn.group_norm(x, groups, weight, bias, eps)
  x = core.as_float(core.tensor("nn.group_norm", x))
  core.count("nn.group_norm", "groups", groups)
  if x.rank < 2 or x.shape[2] % groups ~= 0 then
    core.fail("layer_input", "nn.group_norm", "[B, C, …] with C a multiple of " .. groups, core.tensor_text(x))
  end
  core.shaped("nn.group_norm", "weight", weight, { x.shape[2] })
  core.shaped("nn.group_norm", "bias", bias, { x.shape[2] })
  local y = standardised(x:reshape { x.shape[1], groups, -1 }, -1, epsilon("nn.group_norm", eps, 1e-5))
  return scaled(y:reshape(x.shape), weight, bias)
end

local function channels_wanted(what, x, channels, ranks)
  core.tensor(what, x)
  local fits = x.rank >= 2 and x.shape[2] == channels and (not ranks or x.rank == ranks[1] or x.rank == ranks[2])
  if fits then return core.as_float(x) end
  local form = not ranks and ", …]" or ranks[1] == 2 and "] or [B, " .. channels .. ", L]" or string.rep(", …", ranks[1] - 2) .. "]"
  core.fail("layer_input", what, "[B, " .. channels .. form, core.tensor_text(x))
end

local function group_norm_forward(self, x)
  x = channels_wanted("nn.GroupNorm", x, self.channels)
  return nn.group_norm(x, self.groups, self.weight, self.bias, self.eps)
end

---@class nn.GroupNormOptions
---@field eps? number `1e-5`, at least 0
---@field affine? boolean `true`; false: no states
---@field dtype? string `--float`

--- nn.group_norm with `weight` (1) and `bias` (0), both [channels].
---@param groups integer divides channels
---@param channels integer
---@param options? nn.GroupNormOptions `{}`
---@return nn.Module
function nn.GroupNorm(groups, channels, options)
  core.count("nn.GroupNorm", "groups", groups)
  core.count("nn.GroupNorm", "channels", channels)
  if channels % groups ~= 0 then core.fail("number_range", "nn.GroupNorm", "channels", "a multiple of " .. groups, channels) end
  options = affine_options("nn.GroupNorm", options, { affine = "boolean" })
  local self = { groups = groups, channels = channels, eps = options.eps or 1e-5, forward = group_norm_forward }
  if options.affine ~= false then
    self.weight = nn.parameter({ channels }, 1, options.dtype)
    self.bias = nn.parameter({ channels }, 0, options.dtype)
  end
  return core.module(self, "nn.GroupNorm")
end

-- Running statistics: their states, and their move towards this batch's.
local function tracked(self, channels, options)
  if options.track_running_stats == false then return end
  self.running_mean = nn.buffer({ channels }, 0, options.dtype)
  self.running_var = nn.buffer({ channels }, 1, options.dtype)
  self.num_batches_tracked = nn.buffer({}, 0, "i64")
end

local function track(self, mean, variance, m)
  local function move(state, to)
    nn.assign(state, ((1 - m) * core.wide(state) + m * core.wide(nn.stop_gradient(to))):cast(state.dtype))
  end
  move(self.running_mean, mean)
  move(self.running_var, variance)
end

local function from_running(self, x)
  return scaled((x - by_channel(self.running_mean, x.rank)) * by_channel((self.running_var + self.eps):rsqrt(), x.rank), self.weight, self.bias)
end

-- Ioffe and Szegedy 2015: statistics of the batch in training, the running ones in evaluation. The running variance is
-- the unbiased one, n / (n - 1) times what normalises.
local function batch_norm_forward(self, x, kind)
  if self.running_mean and not nn.training() then return from_running(self, x) end
  local dims, n = { 1 }, x.shape[1]
  for d = 3, x.rank do dims[#dims + 1], n = d, n * x.shape[d] end
  if n == 1 and nn.training() then core.fail("layer_input", kind, "more than one value a channel in training", core.tensor_text(x)) end
  local y, mean, variance = standardised(x, dims, self.eps)
  if self.running_mean then
    local count = self.num_batches_tracked + 1
    nn.assign(self.num_batches_tracked, count)
    local momentum = self.momentum or 1 / count:cast(self.running_mean.dtype) -- false: the plain mean of all batches
    track(self, mean:reshape { -1 }, variance:reshape { -1 } * (n / (n - 1)), momentum)
  end
  return scaled(y, self.weight, self.bias)
end

-- Ulyanov et al. 2016: statistics of each row and channel; the running ones are their means over the batch. As in PyTorch,
-- num_batches_tracked stays 0.
local function instance_norm_forward(self, x, kind)
  if self.running_mean and not nn.training() then return from_running(self, x) end
  local dims, n = {}, 1
  for d = 3, x.rank do dims[#dims + 1], n = d, n * x.shape[d] end
  if n == 1 and nn.training() then core.fail("layer_input", kind, "more than one value a channel in training", core.tensor_text(x)) end
  local y, mean, variance = standardised(x, dims, self.eps)
  if self.running_mean then
    local rows = { x.shape[1], x.shape[2] }
    track(self, mean:reshape(rows):mean(1), variance:reshape(rows):mean(1) * (n / (n - 1)), self.momentum)
  end
  return scaled(y, self.weight, self.bias)
end

local function channel_norm(kind, channels, options, ranks, affine, forward)
  core.count(kind, "channels", channels)
  options = affine_options(kind, options, { momentum = "any", affine = "boolean", track_running_stats = "boolean" })
  local momentum = options.momentum
  if momentum == nil then momentum = 0.1 end
  if momentum ~= false or forward ~= batch_norm_forward then core.range(kind, "momentum", momentum, 0, 1, "between 0 and 1") end
  local self = { channels = channels, eps = options.eps or 1e-5, momentum = momentum }
  if affine then
    self.weight = nn.parameter({ channels }, 1, options.dtype)
    self.bias = nn.parameter({ channels }, 0, options.dtype)
  end
  function self.forward(m, x) return forward(m, channels_wanted(kind, x, channels, ranks), kind) end
  return core.module(self, kind), options
end

local batch_ranks = { ["1d"] = { 2, 3 }, ["2d"] = { 4 }, ["3d"] = { 5 } }
local instance_ranks = { ["1d"] = { 3 }, ["2d"] = { 4 }, ["3d"] = { 5 } }

-- One function for each number of dimensions; their annotations stand in norm.d.lua.
for _, size in ipairs { "1d", "2d", "3d" } do
  nn["BatchNorm" .. size] = function(channels, options)
    local affine = type(options) ~= "table" or options.affine ~= false
    local self, given = channel_norm("nn.BatchNorm" .. size, channels, options, batch_ranks[size], affine, batch_norm_forward)
    tracked(self, channels, given)
    return self
  end
  nn["InstanceNorm" .. size] = function(channels, options)
    local affine = type(options) == "table" and options.affine == true
    local self, given = channel_norm("nn.InstanceNorm" .. size, channels, options, instance_ranks[size], affine, instance_norm_forward)
    if given.track_running_stats then tracked(self, channels, given) end
    return self
  end
end
