-- random.lua: fresh draws. Everything comes from u32 bits (Philox, core.bits).
local nn, core = ...

function nn.random.bits(shape) return core.bits(shape) end

-- In [0, 1): the upper 24 bits (f32) or 53 bits (f64), so every value is exact and 1 is never drawn.
function nn.random.uniform(shape)
  if core.float() == "f64" then
    local high, low = core.bits(shape) >> 5, core.bits(shape) >> 6
    return (high:cast("f64") * 0x1p26 + low:cast("f64")) * 0x1p-53
  end
  return (core.bits(shape) >> 8):cast(core.float()) * 0x1p-24
end

-- Box and Muller 1958: sqrt(-2 log(1 - u)) cos(2 pi v); 1 - u is in (0, 1].
function nn.random.normal(shape)
  local u, v = nn.random.uniform(shape), nn.random.uniform(shape)
  return (-2 * (1 - u):log()):sqrt() * (2 * math.pi * v):cos()
end

-- 0 or 1 (as bool) with probability p, a number or a tensor that broadcasts to the shape.
function nn.random.bernoulli(shape, p) return nn.random.uniform(shape):lt(p) end
