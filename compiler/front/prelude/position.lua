-- position.lua: what tells attention where a token stands: sinusoids, learned vectors, rotations, slopes.
local nn, core = ...

-- [T, n]: position t times base^(-2 i / size), i = 0 … n - 1, in f64
local function angles(T, n, size, base)
  local rate = (nn.iota(n):cast("f64") * (-2 * math.log(base) / size)):exp()
  return nn.iota(T):cast("f64"):reshape { T, 1 } * rate
end

--- sin and cos of t / 10000^(2 i / D) in columns 2 i and 2 i + 1 (Vaswani et al. 2017, section 3.5).
---@param T integer positions
---@param D integer columns, even
---@param base? number `10000`
---@return nn.Tensor [T, D]
function nn.sinusoidal(T, D, base)
  core.count("nn.sinusoidal", "T", T)
  core.count("nn.sinusoidal", "D", D)
  if D % 2 == 1 then core.fail("number_range", "nn.sinusoidal", "D", "even", D) end
  base = core.range("nn.sinusoidal", "base", base or 10000, 1, math.huge, "at least 1")
  local a = angles(T, D // 2, D, base)
  return nn.stack({ a:sin(), a:cos() }, 3):reshape { T, D }:cast(core.float())
end

local function added(what, self, x)
  core.tensor(what, x)
  local T, D = self.table.shape[1], self.table.shape[2]
  if x.rank < 2 or x.shape[x.rank] ~= D or x.shape[x.rank - 1] > T then
    core.fail("layer_input", what, "[.., T, " .. D .. "] with T at most " .. T, core.tensor_text(x))
  end
  return x + self.table:slice(1, 1, x.shape[x.rank - 1])
end

--- Adds sinusoids to [.., T, D]; they are computed once, in a buffer that is in no model file.
---@param most integer largest T
---@param D integer
---@return nn.Module
function nn.SinusoidalPosition(most, D)
  core.count("nn.SinusoidalPosition", "most", most)
  core.count("nn.SinusoidalPosition", "D", D)
  if D % 2 == 1 then core.fail("number_range", "nn.SinusoidalPosition", "D", "even", D) end
  local self = { table = nn.buffer({ most, D }, function() return nn.sinusoidal(most, D) end, nil, { saved = false }) }
  function self.forward(m, x) return added("nn.SinusoidalPosition", m, x) end
  return core.module(self, "nn.SinusoidalPosition")
end

--- Adds learned vectors, `weight` [most, D], N(0, 1), to [.., T, D].
---@param most integer largest T
---@param D integer
---@return nn.Module
function nn.LearnedPosition(most, D)
  core.count("nn.LearnedPosition", "most", most)
  core.count("nn.LearnedPosition", "D", D)
  local self = { weight = nn.parameter({ most, D }, nn.init.normal()) }
  function self.forward(m, x) return added("nn.LearnedPosition", { table = m.weight }, x) end
  return core.module(self, "nn.LearnedPosition")
end

--- Turns pairs of elements of x by the angles whose cosines and sines are given. Pairs are elements i and i + D / 2, or
--- 2 i and 2 i + 1 when adjacent.
---@param x nn.Tensor [.., T, D]
---@param cos nn.Tensor [T, D / 2]
---@param sin nn.Tensor [T, D / 2]
---@param adjacent? boolean `false`
---@return nn.Tensor [.., T, D]
function nn.rotary(x, cos, sin, adjacent)
  core.tensor("nn.rotary", x)
  core.tensor("nn.rotary", cos)
  if cos.rank ~= 2 then core.fail("layer_field", "nn.rotary", "cos", "a tensor [T, D / 2]", core.tensor_text(cos)) end
  core.shaped("nn.rotary", "sin", sin, cos.shape)
  core.flag("nn.rotary", "adjacent", adjacent)
  local r = x.rank
  if r < 2 or x.shape[r] ~= 2 * cos.shape[2] or x.shape[r - 1] ~= cos.shape[1] then
    core.fail("layer_input", "nn.rotary", core.shape_text { "..", cos.shape[1], 2 * cos.shape[2] }, core.tensor_text(x))
  end
  local half, shape = cos.shape[2], x.shape
  local a, b
  if adjacent then
    shape[r], shape[r + 1] = half, 2
    local pairs_of = x:reshape(shape)
    a, b = pairs_of:select(-1, 1), pairs_of:select(-1, 2)
    return nn.stack({ a * cos - b * sin, a * sin + b * cos }, r + 1):reshape(x.shape)
  end
  a, b = x:slice(r, 1, half), x:slice(r, half + 1, -1)
  return nn.concat({ a * cos - b * sin, a * sin + b * cos }, r)
end

---@class nn.RotaryOptions
---@field base? number `10000`
---@field adjacent? boolean `false`: pairs i and i + D / 2; true: pairs 2 i and 2 i + 1, as in the paper and llama2.c

--- Rotary positions (Su et al. 2021, section 3.2.2) for heads [.., T, D], T at most `most`. The angles are t base^(-2 i / D), in buffers `cos` and `sin`
--- [most, D / 2] that are in no model file.
---@param D integer size of a head, even
---@param most integer largest T
---@param options? nn.RotaryOptions `{}`
---@return nn.Module
function nn.Rotary(D, most, options)
  core.count("nn.Rotary", "D", D)
  core.count("nn.Rotary", "most", most)
  options = core.fields("nn.Rotary", options, { base = "number", adjacent = "boolean" })
  if D % 2 == 1 then core.fail("number_range", "nn.Rotary", "D", "even", D) end
  local base = core.range("nn.Rotary", "base", options.base or 10000, 1, math.huge, "at least 1")
  local function of(f) return function() return f(angles(most, D // 2, D, base)):cast(core.float()) end end
  local self = { adjacent = options.adjacent or false }
  self.cos = nn.buffer({ most, D // 2 }, of(nn.cos), nil, { saved = false })
  self.sin = nn.buffer({ most, D // 2 }, of(nn.sin), nil, { saved = false })
  function self.forward(m, x)
    core.tensor("nn.Rotary", x)
    local T = x.rank >= 2 and x.shape[x.rank - 1] or 0
    if T < 1 or T > most or x.shape[x.rank] ~= D then
      core.fail("layer_input", "nn.Rotary", "[.., T, " .. D .. "] with T at most " .. most, core.tensor_text(x))
    end
    return nn.rotary(x, m.cos:slice(1, 1, T), m.sin:slice(1, 1, T), m.adjacent)
  end
  return core.module(self, "nn.Rotary")
end

--- Slopes of ALiBi's heads: 2^(-8 h / n), h = 1 … n, for n a power of two; else those of the power below, then every other
--- one of the next (Press et al. 2022, section 3 and its code).
---@param heads integer
---@return number[]
function nn.alibi_slopes(heads)
  core.count("nn.alibi_slopes", "heads", heads)
  local power = 1
  while power * 2 <= heads do power = power * 2 end
  local slopes = {}
  for h = 1, power do slopes[h] = 2 ^ (-8 * h / power) end
  for h = 1, heads - power do slopes[power + h] = 2 ^ (-4 * (2 * h - 1) / power) end
  return slopes
end

--- ALiBi's bias -slope (i - j) for query i and key j, to be given as a mask together with causal = true (Press et al. 2022, section 3).
---@param heads integer H
---@param L integer queries
---@param S? integer `L` keys
---@return nn.Tensor [H, L, S]
function nn.alibi(heads, L, S)
  core.count("nn.alibi", "L", L)
  S = S == nil and L or core.count("nn.alibi", "S", S)
  local slope = nn.constant(nn.alibi_slopes(heads)):reshape { heads, 1, 1 }
  return slope * (nn.iota(S) - nn.iota(L):reshape { L, 1 })
end
