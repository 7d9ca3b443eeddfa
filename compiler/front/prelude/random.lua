-- random.lua: fresh draws. Everything comes from u32 bits (Philox, core.bits).
local nn, core = ...

--- u32 words of Philox 4x32-10 (Salmon et al. 2011): a function of seed, entry point, number of its calls, place in the trace, turns of the loops around it, element.
---@param shape integer[]
---@return nn.Tensor u32 [shape]
function nn.random.bits(shape) return core.bits(shape) end

-- As many upper bits as the float has digits (f64 53, f32 24, f16 11, bf16 8: PyTorch's rule).
--- In [0, 1): multiples of 2^-24 (f64 2^-53, f16 2^-11, bf16 2^-8), so 1 is never drawn. Dtype: the default float.
---@param shape integer[]
---@return nn.Tensor [shape]
function nn.random.uniform(shape)
  local digits = core.float() == "f16" and 11 or core.float() == "bf16" and 8
  if digits then return (core.bits(shape) >> 32 - digits):cast(core.float()) * 2.0 ^ -digits end
  return core.uniform(shape)
end

-- For what is made of draws (other distributions, initial values, masks): f32 when the float has 16 bits.
function core.uniform(shape)
  if core.float() == "f64" then
    local high, low = core.bits(shape) >> 5, core.bits(shape) >> 6
    return (high:cast("f64") * 0x1p26 + low:cast("f64")) * 0x1p-53
  end
  return (core.bits(shape) >> 8):cast("f32") * 0x1p-24
end

-- Box and Muller 1958: sqrt(-2 log(1 - u)) cos(2 pi v); 1 - u is in (0, 1].
function core.normal(shape)
  local u, v = core.uniform(shape), core.uniform(shape)
  return (-2 * (1 - u):log()):sqrt() * (2 * math.pi * v):cos()
end
--- N(0, 1): sqrt(-2 log(1 - u)) cos(2 pi v) (Box and Muller 1958). Dtype: the default float.
---@param shape integer[]
---@return nn.Tensor [shape]
function nn.random.normal(shape) return core.normal(shape):cast(core.float()) end

--- true with probability p.
---@param shape integer[]
---@param p number|nn.Tensor broadcast to the shape
---@return nn.Tensor bool [shape]
function nn.random.bernoulli(shape, p) return core.uniform(shape):lt(p) end
