-- random.lua: fresh draws and initial values. Everything comes from u32 bits (Philox, core.bits).
local nn, core = ...

function nn.random.bits(shape) return core.bits(shape) end

-- In [0, 1): as many upper bits as the float has digits (f64 53, f32 24, f16 11, bf16 8: PyTorch's rule), so every
-- value is exact and 1 is never drawn.
function nn.random.uniform(shape)
  local digits = core.float() == "f16" and 11 or core.float() == "bf16" and 8
  if digits then return (core.bits(shape) >> 32 - digits):cast(core.float()) * 2.0 ^ -digits end
  return core.uniform(shape)
end

-- For what is made of draws (normal numbers, initial values, masks): f32 when the float has 16 bits.
function core.uniform(shape)
  if core.float() == "f64" then
    local high, low = core.bits(shape) >> 5, core.bits(shape) >> 6
    return (high:cast("f64") * 0x1p26 + low:cast("f64")) * 0x1p-53
  end
  return (core.bits(shape) >> 8):cast("f32") * 0x1p-24
end

-- Box and Muller 1958: sqrt(-2 log(1 - u)) cos(2 pi v); 1 - u is in (0, 1].
local function normal(shape)
  local u, v = core.uniform(shape), core.uniform(shape)
  return (-2 * (1 - u):log()):sqrt() * (2 * math.pi * v):cos()
end
function nn.random.normal(shape) return normal(shape):cast(core.float()) end

-- 0 or 1 (as bool) with probability p, a number or a tensor that broadcasts to the shape.
function nn.random.bernoulli(shape, p) return core.uniform(shape):lt(p) end

local function number(what, name, value, otherwise)
  if value == nil then return otherwise end
  return core.range(what, name, value, -math.huge, math.huge, "a number")
end

-- ---- initial values: functions of the shape, for nn.parameter and nn.buffer, which round them to their dtype ----

-- Weights are [out, in, …]: fan_in = in * …, fan_out = out * …
local function fans(shape)
  if #shape < 2 then core.fail("layer_input", "nn.init", "shapes of at least two dimensions, [out, in]", core.shape_text(shape)) end
  local receptive = 1
  for d = 3, #shape do receptive = receptive * shape[d] end
  return shape[2] * receptive, shape[1] * receptive
end

local function uniform_within(shape, bound) return core.uniform(shape) * (2 * bound) - bound end

function nn.init.constant(value)
  value = number("nn.init.constant", "value", value, 0.0)
  return function(shape) return core.full(shape, value, core.float()) end
end
function nn.init.zeros() return nn.init.constant(0.0) end
function nn.init.ones() return nn.init.constant(1.0) end

function nn.init.uniform(low, high)
  low, high = number("nn.init.uniform", "low", low, 0.0), number("nn.init.uniform", "high", high, 1.0)
  return function(shape) return core.uniform(shape) * (high - low) + low end
end

function nn.init.normal(mean, deviation)
  mean, deviation = number("nn.init.normal", "mean", mean, 0.0), number("nn.init.normal", "deviation", deviation, 1.0)
  return function(shape) return normal(shape) * deviation + mean end
end

-- He et al. 2015. a is the slope of a leaky rectifier; sqrt(5) is what PyTorch's Linear starts from.
function nn.init.kaiming_uniform(a)
  local gain = math.sqrt(2 / (1 + number("nn.init.kaiming", "a", a, 0) ^ 2))
  return function(shape) return uniform_within(shape, gain * math.sqrt(3 / (fans(shape)))) end
end

function nn.init.kaiming_normal(a)
  local gain = math.sqrt(2 / (1 + number("nn.init.kaiming", "a", a, 0) ^ 2))
  return function(shape) return normal(shape) * (gain / math.sqrt((fans(shape)))) end
end
nn.init.he_uniform, nn.init.he_normal = nn.init.kaiming_uniform, nn.init.kaiming_normal

-- Glorot and Bengio 2010.
function nn.init.xavier_uniform(gain)
  gain = number("nn.init.xavier_uniform", "gain", gain, 1)
  return function(shape)
    local fan_in, fan_out = fans(shape)
    return uniform_within(shape, gain * math.sqrt(6 / (fan_in + fan_out)))
  end
end

function nn.init.xavier_normal(gain)
  gain = number("nn.init.xavier_normal", "gain", gain, 1)
  return function(shape)
    local fan_in, fan_out = fans(shape)
    return normal(shape) * (gain * math.sqrt(2 / (fan_in + fan_out)))
  end
end

function nn.init.orthogonal() core.limit("nn.init.orthogonal") end

-- U(-bound, bound): what PyTorch's Linear uses for weight and bias, bound = 1 / sqrt(fan_in).
function core.init_within(bound) return function(shape) return uniform_within(shape, bound) end end
