-- init.lua: initial values: functions of the shape, for nn.parameter and nn.buffer. Names and distributions are those of
-- torch.nn.init; draws are this library's own. Weights are [out, in, …]: fan_in = in * …, fan_out = out * …, for dense
-- layers [out, in] and convolutions [out, in / groups, kernel…] alike.
local nn, core = ...

local number = core.number

local function fans(shape)
  if #shape < 2 then core.fail("layer_input", "nn.init", "shapes of at least two dimensions, [out, in]", core.shape_text(shape)) end
  local receptive = 1
  for d = 3, #shape do receptive = receptive * shape[d] end
  return shape[2] * receptive, shape[1] * receptive
end

local function uniform_within(shape, bound) return core.uniform(shape) * (2 * bound) - bound end

-- U(-bound, bound): what PyTorch's Linear uses for weight and bias, bound = 1 / sqrt(fan_in).
function core.init_within(bound) return function(shape) return uniform_within(shape, bound) end end

--- All elements the same.
---@param value? number `0`
---@return nn.Init
function nn.init.constant(value)
  value = number("nn.init.constant", "value", value, 0.0)
  return function(shape) return core.full(shape, value, core.float()) end
end

--- All 0.
---@return nn.Init
function nn.init.zeros() return nn.init.constant(0.0) end
--- All 1.
---@return nn.Init
function nn.init.ones() return nn.init.constant(1.0) end

-- x + by, and x where that is 0: no rule takes x + 0 away, which is 0 for x = -0.
local function shifted(x, by) return by == 0 and x or x + by end

--- U(low, high).
---@param low? number `0`
---@param high? number `1`
---@return nn.Init
function nn.init.uniform(low, high)
  low, high = number("nn.init.uniform", "low", low, 0.0), number("nn.init.uniform", "high", high, 1.0)
  return function(shape) return shifted(core.uniform(shape) * (high - low), low) end
end

--- N(mean, deviation^2).
---@param mean? number `0`
---@param deviation? number `1`
---@return nn.Init
function nn.init.normal(mean, deviation)
  mean, deviation = number("nn.init.normal", "mean", mean, 0.0), number("nn.init.normal", "deviation", deviation, 1.0)
  return function(shape) return shifted(core.normal(shape) * deviation, mean) end
end

-- The inverse of erf on (-1, 1): Winitzki's closed form (2 to 3 digits), then Halley steps x - f / (1 + x f) with
-- f = (erf x - y) sqrt(pi) / 2 exp(x^2), which treble the digits: three reach f64.
local function erf_inverse(y)
  local l = (1 - y * y):log()
  local a = 2 / (math.pi * 0.147) + 0.5 * l
  local x = y:sign() * ((a * a - l / 0.147):sqrt() - a):sqrt()
  for _ = 1, 3 do
    local f = (x:erf() - y) * (0.5 * math.sqrt(math.pi)) * (x * x):exp()
    x = x - f / (1 + x * f)
  end
  return x
end

--- N(mean, deviation^2) cut to [low, high], by the inverse of its distribution function, as torch's trunc_normal_.
---@param mean? number `0`
---@param deviation? number `1`
---@param low? number `-2`
---@param high? number `2`
---@return nn.Init
function nn.init.trunc_normal(mean, deviation, low, high)
  local what = "nn.init.trunc_normal"
  mean, deviation = number(what, "mean", mean, 0.0), core.range(what, "deviation", deviation or 1.0, 1e-300, math.huge, "above 0")
  low, high = number(what, "low", low, -2.0), number(what, "high", high, 2.0)
  if low >= high then core.fail("number_range", what, "high", "above low", high) end
  return function(shape)
    local scale = math.sqrt(0.5) / deviation
    local from, to = core.constant((low - mean) * scale):erf(), core.constant((high - mean) * scale):erf()
    local y = from + (to - from) * core.uniform(shape)
    y = nn.maximum(nn.minimum(y, 1 - 0x1p-23), -1 + 0x1p-23) -- where the bounds lie beyond what the dtype tells from 1
    return nn.maximum(nn.minimum(shifted(erf_inverse(y) * (math.sqrt(2) * deviation), mean), high), low)
  end
end

local gains = { linear = 1, sigmoid = 1, tanh = 5 / 3, relu = math.sqrt(2), selu = 3 / 4 }

local function gain_of(what, nonlinearity, a)
  if nonlinearity == "leaky_relu" then return math.sqrt(2 / (1 + number(what, "a", a, 0.01) ^ 2)) end
  if not gains[nonlinearity] then
    local names = { "leaky_relu" }
    for name in pairs(gains) do names[#names + 1] = name end
    local text = type(nonlinearity) == "string"
    core.fail("mode_unknown", what, text and nonlinearity or core.what(nonlinearity), text and core.nearest(nonlinearity, names) or "")
  end
  return gains[nonlinearity]
end

--- What a nonlinearity takes from the deviation, to be made up for by the weights (torch.nn.init.calculate_gain): 1, 1, 5/3, sqrt(2), sqrt(2 / (1 + a^2)), 3/4.
---@param nonlinearity "linear"|"sigmoid"|"tanh"|"relu"|"leaky_relu"|"selu"
---@param a? number `0.01`, the slope of leaky_relu
---@return number
function nn.init.gain(nonlinearity, a) return gain_of("nn.init.gain", nonlinearity, a) end

-- Dropout of p in front of a layer divides what it keeps by 1 - p: squares grow by as much, and the weights' variance
-- shrinks by it (Hendrycks and Gimpel 2016).
local function dropout_scale(what, p)
  return math.sqrt(1 - core.range(what, "dropout", p or 0, 0, 0.999999, "at least 0 and below 1"))
end

-- deviation(shape) of He's and LeCun's: gain / sqrt(fan). He's gain is that of the nonlinearity; the slope may stand alone for the options.
local function by_fan(what, options, gain)
  local known = { mode = "string", dropout = "number" }
  if not gain then
    known.a, known.nonlinearity = "number", "string"
    if options ~= nil and type(options) ~= "table" then options = { a = options } end
  end
  options = core.fields(what, options, known)
  local mode, slope = options.mode or "fan_in", number(what, "a", options.a, 0)
  if mode ~= "fan_in" and mode ~= "fan_out" then core.fail("mode_unknown", what, mode) end
  gain = (gain or gain_of(what, options.nonlinearity or "leaky_relu", slope)) * dropout_scale(what, options.dropout)
  return function(shape)
    local fan_in, fan_out = fans(shape)
    return gain / math.sqrt(mode == "fan_in" and fan_in or fan_out)
  end
end

local function uniform_of(deviation) return function(shape) return uniform_within(shape, math.sqrt(3) * deviation(shape)) end end
local function normal_of(deviation) return function(shape) return core.normal(shape) * deviation(shape) end end

---@class nn.KaimingOptions
---@field a? number `0`, the slope of a leaky rectifier; sqrt(5) is what PyTorch's Linear starts from
---@field mode? "fan_in"|"fan_out" `"fan_in"`
---@field nonlinearity? string `"leaky_relu"`, as of nn.init.gain
---@field dropout? number `0`: of a dropout in front of the layer, whose growth of the squares the weights make up for (Hendrycks and Gimpel 2016)

--- U(-b, b), b = gain sqrt(3 / fan) (He et al. 2015, section 2.2). A number in place of the options is a.
---@param options? nn.KaimingOptions `{}`
---@return nn.Init
function nn.init.kaiming_uniform(options) return uniform_of(by_fan("nn.init.kaiming_uniform", options)) end

--- N(0, gain^2 / fan) (He et al. 2015, section 2.2). A number in place of the options is a.
---@param options? nn.KaimingOptions `{}`
---@return nn.Init
function nn.init.kaiming_normal(options) return normal_of(by_fan("nn.init.kaiming_normal", options)) end

--- nn.init.kaiming_uniform under its other name.
---@param options? nn.KaimingOptions `{}`
---@return nn.Init
function nn.init.he_uniform(options) return uniform_of(by_fan("nn.init.he_uniform", options)) end

--- nn.init.kaiming_normal under its other name.
---@param options? nn.KaimingOptions `{}`
---@return nn.Init
function nn.init.he_normal(options) return normal_of(by_fan("nn.init.he_normal", options)) end

---@class nn.LecunOptions
---@field mode? "fan_in"|"fan_out" `"fan_in"`
---@field dropout? number `0`

--- U(-b, b), b = sqrt(3 / fan_in) (LeCun et al. 1998, section 4.6).
---@param options? nn.LecunOptions `{}`
---@return nn.Init
function nn.init.lecun_uniform(options) return uniform_of(by_fan("nn.init.lecun_uniform", options, 1)) end

--- N(0, 1 / fan_in) (LeCun et al. 1998, section 4.6); with SELU it keeps mean 0 and variance 1.
---@param options? nn.LecunOptions `{}`
---@return nn.Init
function nn.init.lecun_normal(options) return normal_of(by_fan("nn.init.lecun_normal", options, 1)) end

local function xavier(what, gain)
  local options = core.fields(what, gain ~= nil and type(gain) ~= "table" and { gain = gain } or gain, { gain = "number", dropout = "number" })
  gain = number(what, "gain", options.gain, 1) * dropout_scale(what, options.dropout)
  return function(shape)
    local fan_in, fan_out = fans(shape)
    return gain * math.sqrt(2 / (fan_in + fan_out))
  end
end

---@class nn.XavierOptions
---@field gain? number `1`
---@field dropout? number `0`

--- U(-b, b), b = gain sqrt(6 / (fan_in + fan_out)) (Glorot and Bengio 2010, eq. 16). A number in place of the options is the gain.
---@param options? nn.XavierOptions `{}`
---@return nn.Init
function nn.init.xavier_uniform(options) return uniform_of(xavier("nn.init.xavier_uniform", options)) end

--- N(0, gain^2 2 / (fan_in + fan_out)) (Glorot and Bengio 2010, eq. 12). A number in place of the options is the gain.
---@param options? nn.XavierOptions `{}`
---@return nn.Init
function nn.init.xavier_normal(options) return normal_of(xavier("nn.init.xavier_normal", options)) end

--- nn.init.xavier_uniform under its other name.
---@param options? nn.XavierOptions `{}`
---@return nn.Init
function nn.init.glorot_uniform(options) return uniform_of(xavier("nn.init.glorot_uniform", options)) end

--- nn.init.xavier_normal under its other name.
---@param options? nn.XavierOptions `{}`
---@return nn.Init
function nn.init.glorot_normal(options) return normal_of(xavier("nn.init.glorot_normal", options)) end

-- Coefficients for core.newton_schulz: singular values of a few millionths grow by 3.44 a step until they lie in
-- (0.68, 1.14), where Newton and Schulz's own cubic ends them at 1: six squarings of the error, to the last digit of f64.
local to_orthogonal = { { 3.4445, -4.7750, 2.0315, times = 14 }, { 1.5, -0.5, 0, times = 7 } }

--- gain times a random matrix [out, rest] with orthonormal rows, or columns where there are more rows (Saxe et al. 2014): the orthogonal factor
--- of a Gaussian matrix, which is uniform over all such matrices as torch's is. By the polar decomposition, that is by products alone.
---@param gain? number `1`
---@return nn.Init
function nn.init.orthogonal(gain)
  gain = number("nn.init.orthogonal", "gain", gain, 1)
  return function(shape)
    fans(shape)
    local flat = core.normal(shape):reshape { shape[1], -1 }
    return (core.newton_schulz(flat, to_orthogonal, 1e-30) * gain):reshape(shape)
  end
end

-- bool [n, m]: the diagonal
local function diagonal(n, m) return nn.iota(m):eq(nn.iota(n):reshape { n, 1 }) end

--- The identity, [n, m].
---@return nn.Init
function nn.init.eye()
  return function(shape)
    if #shape ~= 2 then core.fail("layer_input", "nn.init.eye", "shapes of two dimensions", core.shape_text(shape)) end
    return diagonal(shape[1], shape[2]):cast(core.float())
  end
end

--- Convolutions [out, in, kernel…] that hand on their channels: 1 at the kernel's middle where out and in are the same channel, for each of `groups`.
---@param groups? integer `1`, divides out
---@return nn.Init
function nn.init.dirac(groups)
  groups = core.count("nn.init.dirac", "groups", groups or 1)
  return function(shape)
    if #shape < 3 or #shape > 5 or shape[1] % groups ~= 0 then
      core.fail("layer_input", "nn.init.dirac", "shapes [out, in, kernel…] with out a multiple of " .. groups, core.shape_text(shape))
    end
    local middle, taps = 0, 1
    for d = 3, #shape do middle, taps = middle * shape[d] + shape[d] // 2, taps * shape[d] end
    local own = (nn.iota(shape[1]) % (shape[1] // groups)):reshape { shape[1], 1 }
    local same = nn.iota(shape[2]):eq(own):reshape { shape[1], shape[2], 1 }
    return (same & nn.iota(taps):eq(middle)):cast(core.float()):reshape(shape)
  end
end

--- N(0, deviation^2) with ceil(sparsity out) zeros in each column of [out, in], at random (Martens 2010). Ranks of random numbers are counted: out^2 in
--- comparisons, once.
---@param sparsity number 0 to 1
---@param deviation? number `0.01`
---@return nn.Init
function nn.init.sparse(sparsity, deviation)
  core.range("nn.init.sparse", "sparsity", sparsity, 0, 1, "between 0 and 1")
  deviation = number("nn.init.sparse", "deviation", deviation, 0.01)
  return function(shape)
    if #shape ~= 2 then core.fail("layer_input", "nn.init.sparse", "shapes of two dimensions", core.shape_text(shape)) end
    local rows, columns = shape[1], shape[2]
    local u, position = nn.random.bits(shape), nn.iota(rows)
    local mine, other = u:reshape { rows, 1, columns }, u:reshape { 1, rows, columns }
    local earlier = position:reshape { 1, rows, 1 }:lt(position:reshape { rows, 1, 1 })
    local rank = (other:lt(mine) | (other:eq(mine) & earlier)):sum(2)
    return nn.where(rank:lt(math.ceil(sparsity * rows)), 0.0, core.normal(shape) * deviation)
  end
end
