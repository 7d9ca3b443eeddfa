-- activations.lua: elementwise nonlinearities and those over one dimension, each as function nn.relu(x), method x:relu()
-- and module nn.ReLU(). Names, defaults and what happens at a kink are PyTorch's. A branch that is not taken gets an
-- operand that is harmless there (where inside where), so that no derivative of any order is Inf * 0.
local nn, core = ...
local methods = core.methods

local function floats(what, x) return core.as_float(core.tensor(what, x)) end

-- The gradient asks the result, which the next layer keeps anyway, so that x itself need not be stored: y <= 0 where
-- x <= 0 and nowhere else, NaN included.
local relu

--- max(x, 0), as where(x <= 0, 0, x): the gradient at 0 is 0, as in PyTorch, and NaN passes.
---@param x nn.Tensor [..]
---@return nn.Tensor [..]
function methods.relu(x)
  core.tensor("relu", x)
  relu = relu or nn.custom_gradient(function(a)
    local y = nn.where(nn.le(a, 0), 0, a)
    return y, y
  end, function(y, dy) return nn.where(nn.le(y, 0), 0, dy) end)
  return relu(x)
end

--- x between min and max, else the nearer of the two; the gradient is 0 at both ends.
---@param x nn.Tensor [..]
---@param min? number `-1`
---@param max? number `1`
---@return nn.Tensor [..]
function methods.hardtanh(x, min, max)
  x, min, max = floats("hardtanh", x), core.number("hardtanh", "min", min, -1.0), core.number("hardtanh", "max", max, 1.0)
  return nn.where(x:le(min), min, nn.where(x:ge(max), max, x))
end

--- min(max(x, 0), 6) (Howard et al. 2017); the gradient at 0 and 6 is 0.
---@param x nn.Tensor [..]
---@return nn.Tensor [..]
function methods.relu6(x) return nn.hardtanh(x, 0.0, 6.0) end

--- x where x > 0, else slope * x (Maas et al. 2013); the gradient at 0 is slope, as in PyTorch.
---@param x nn.Tensor [..]
---@param slope? number `0.01`
---@return nn.Tensor [..]
function methods.leaky_relu(x, slope)
  x = floats("leaky_relu", x)
  return nn.where(x:gt(0), x, x * core.number("leaky_relu", "slope", slope, 0.01))
end

--- Leaky ReLU whose slope is learned (He et al. 2015): weight [1], or [C] for the second dimension of x [B, C, …].
---@param x nn.Tensor [B, C, …]
---@param weight nn.Tensor [1] or [C]
---@return nn.Tensor [B, C, …]
function methods.prelu(x, weight)
  x = floats("prelu", x)
  core.tensor("prelu", weight)
  local n, shape = weight.rank == 1 and weight.shape[1] or 0, {}
  if n < 1 or (n > 1 and (x.rank < 2 or x.shape[2] ~= n)) then core.fail("loss_shapes", "prelu", core.tensor_text(x), core.tensor_text(weight)) end
  for d = 1, x.rank do shape[d] = d == 2 and n or 1 end
  return nn.where(x:gt(0), x, weight:reshape(n == 1 and { 1 } or shape) * x)
end

--- 1 / (1 + exp(-x)), by way of tanh, which saturates without overflow.
---@param x nn.Tensor [..]
---@return nn.Tensor [..]
function methods.sigmoid(x) return 0.5 * (0.5 * floats("sigmoid", x)):tanh() + 0.5 end

--- x * Phi(x) (Hendrycks and Gimpel 2016), exact by erf; approximate = "tanh" takes 0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))).
---@param x nn.Tensor [..]
---@param approximate? "none"|"tanh" `"none"`
---@return nn.Tensor [..]
function methods.gelu(x, approximate)
  x = floats("gelu", x)
  if approximate == "tanh" then
    return 0.5 * x * (1 + (math.sqrt(2 / math.pi) * (x + 0.044715 * x ^ 3)):tanh())
  elseif approximate ~= nil and approximate ~= "none" then
    core.fail("mode_unknown", "gelu", core.what(approximate) == "a string" and approximate or core.what(approximate))
  end
  return 0.5 * x * (1 + (x * math.sqrt(0.5)):erf())
end

--- x * sigmoid(x) (Elfwing et al. 2018).
---@param x nn.Tensor [..]
---@return nn.Tensor [..]
function methods.silu(x) return x * nn.sigmoid(x) end

--- log(1 + exp(beta x)) / beta; x itself where beta x > threshold, as in PyTorch.
---@param x nn.Tensor [..]
---@param beta? number `1`
---@param threshold? number `20`
---@return nn.Tensor [..]
function methods.softplus(x, beta, threshold)
  x, beta = floats("softplus", x), core.number("softplus", "beta", beta, 1.0)
  local scaled = beta == 1 and x or x * beta
  local linear = scaled:gt(core.number("softplus", "threshold", threshold, 20.0))
  local curve = nn.where(linear, 0, scaled):exp():log1p()
  return nn.where(linear, x, beta == 1 and curve or curve / beta)
end

--- log(sigmoid(x)) = min(x, 0) - log(1 + exp(-|x|)), finite for every finite x.
---@param x nn.Tensor [..]
---@return nn.Tensor [..]
function methods.logsigmoid(x)
  x = floats("logsigmoid", x)
  local negative = x:lt(0) -- each side is smooth across 0, so every derivative at 0 is right; that of |x| is not
  return nn.where(negative, x, 0) - nn.where(negative, x, -x):exp():log1p()
end

--- x where x > 0, else alpha (exp(x) - 1) (Clevert et al. 2016); the gradient at 0 is alpha, as in PyTorch.
---@param x nn.Tensor [..]
---@param alpha? number `1`
---@return nn.Tensor [..]
function methods.elu(x, alpha)
  x = floats("elu", x)
  local positive = x:gt(0) -- where, not minimum: its gradient at 0 is alpha, as in PyTorch, not half of it
  return nn.where(positive, x, core.number("elu", "alpha", alpha, 1.0) * nn.where(positive, 0, x):expm1())
end

--- 1.0507009873554805 elu(x, 1.6732632423543772) (Klambauer et al. 2017).
---@param x nn.Tensor [..]
---@return nn.Tensor [..]
function methods.selu(x) return 1.0507009873554805 * nn.elu(x, 1.6732632423543772) end

--- x where x > 0, else alpha (exp(x / alpha) - 1): smooth at 0 for every alpha (Barron 2017).
---@param x nn.Tensor [..]
---@param alpha? number `1`
---@return nn.Tensor [..]
function methods.celu(x, alpha)
  x, alpha = floats("celu", x), core.number("celu", "alpha", alpha, 1.0)
  local positive = x:gt(0)
  return nn.where(positive, x, alpha * (nn.where(positive, 0, x) / alpha):expm1())
end

--- x * tanh(softplus(x)) (Misra 2019).
---@param x nn.Tensor [..]
---@return nn.Tensor [..]
function methods.mish(x) return x * nn.softplus(x):tanh() end

--- x / (1 + |x|).
---@param x nn.Tensor [..]
---@return nn.Tensor [..]
function methods.softsign(x)
  x = floats("softsign", x)
  return x / (x:abs() + 1)
end

--- relu6(x + 3) / 6 (Howard et al. 2019).
---@param x nn.Tensor [..]
---@return nn.Tensor [..]
function methods.hardsigmoid(x) return nn.relu6(floats("hardsigmoid", x) + 3) / 6 end

--- x * hardsigmoid(x) (Howard et al. 2019).
---@param x nn.Tensor [..]
---@return nn.Tensor [..]
function methods.hardswish(x) return x * nn.hardsigmoid(x) end

-- ---- over one dimension (the last when none is given) ----

--- exp(x) / sum(exp(x)) along dim; the maximum is taken out first, outside the derivative (it cancels).
---@param x nn.Tensor [..]
---@param dim? integer `-1`
---@return nn.Tensor [..]
function methods.softmax(x, dim)
  x, dim = floats("softmax", x), core.dimension("softmax", x, dim, -1)
  local wide = core.wide(x)
  local e = (wide - nn.stop_gradient(wide:max(dim, true))):exp()
  return (e / e:sum(dim, true)):cast(x.dtype)
end

--- softmax(-x).
---@param x nn.Tensor [..]
---@param dim? integer `-1`
---@return nn.Tensor [..]
function methods.softmin(x, dim) return nn.softmax(-floats("softmin", x), core.dimension("softmin", x, dim, -1)) end

--- log(softmax(x)), without the logarithm of a small number.
---@param x nn.Tensor [..]
---@param dim? integer `-1`
---@return nn.Tensor [..]
function methods.log_softmax(x, dim)
  x, dim = floats("log_softmax", x), core.dimension("log_softmax", x, dim, -1)
  local wide = core.wide(x)
  local s = wide - nn.stop_gradient(wide:max(dim, true))
  return (s - s:exp():sum(dim, true):log()):cast(x.dtype)
end

--- log(sum(exp(x))) along dim.
---@param x nn.Tensor [..]
---@param dim? integer `-1`
---@param keep? boolean `false`
---@return nn.Tensor
function methods.logsumexp(x, dim, keep)
  x, dim = floats("logsumexp", x), core.dimension("logsumexp", x, dim, -1)
  core.flag("logsumexp", "keep", keep)
  local wide = core.wide(x)
  local m = nn.stop_gradient(wide:max(dim, true))
  m = nn.where(m:abs():eq(math.huge), 0, m) -- inf - inf is NaN; from 0, all of -inf give -inf and one inf gives inf
  local l = ((wide - m):exp():sum(dim, true):log() + m):cast(x.dtype)
  return keep and l or l:sum(dim)
end

--- Gated linear unit a * sigmoid(b), a and b the halves of x along dim (Dauphin et al. 2017).
---@param x nn.Tensor [.., 2n, ..]
---@param dim? integer `-1`
---@return nn.Tensor [.., n, ..]
function methods.glu(x, dim)
  x, dim = floats("glu", x), core.dimension("glu", x, dim, -1)
  local half = x.shape[dim] // 2
  if x.shape[dim] % 2 == 1 then core.fail("layer_input", "glu", "an even size to halve", core.tensor_text(x)) end
  return x:slice(dim, 1, half) * nn.sigmoid(x:slice(dim, half + 1, -1))
end

for name, value in pairs(methods) do nn[name] = nn[name] or value end

-- ---- modules ----

local wanted = { number = "number_wanted", string = "string_wanted" }

-- nn.<kind>(values of the fields, in order): fields are { name, Lua type } pairs and become further arguments of f.
local function activation(kind, f, ...)
  local fields = { ... }
  nn[kind] = function(...)
    local values = { ... }
    if #values > #fields then core.fail("field_extra", "nn." .. kind, #fields, #values) end
    local self = {}
    for i, field in ipairs(fields) do
      local name, of = field[1], field[2]
      if values[i] ~= nil and type(values[i]) ~= of then core.fail(wanted[of], "nn." .. kind, name, core.what(values[i])) end
      self[name] = values[i]
    end
    function self.forward(m, x)
      if #fields == 0 then return f(x) end -- rows of the core count their arguments
      return f(x, m[fields[1][1]], fields[2] and m[fields[2][1]])
    end
    return core.module(self, "nn." .. kind)
  end
end

local alpha, dim = { "alpha", "number" }, { "dim", "number" }
activation("ReLU", methods.relu)
activation("ReLU6", methods.relu6)
activation("LeakyReLU", methods.leaky_relu, { "slope", "number" })
activation("Sigmoid", methods.sigmoid)
activation("Tanh", methods.tanh)
activation("GELU", methods.gelu, { "approximate", "string" })
activation("SiLU", methods.silu)
activation("Softplus", methods.softplus, { "beta", "number" }, { "threshold", "number" })
activation("ELU", methods.elu, alpha)
activation("SELU", methods.selu)
activation("CELU", methods.celu, alpha)
activation("Mish", methods.mish)
activation("Softsign", methods.softsign)
activation("Hardtanh", methods.hardtanh, { "min", "number" }, { "max", "number" })
activation("Hardsigmoid", methods.hardsigmoid)
activation("Hardswish", methods.hardswish)
activation("LogSigmoid", methods.logsigmoid)
activation("GLU", methods.glu, dim)
activation("Softmax", methods.softmax, dim)
activation("Softmin", methods.softmin, dim)
activation("LogSoftmax", methods.log_softmax, dim)

--- Leaky ReLU with a learned slope: `weight` [channels], one slope for all or one for each channel of x [B, C, …].
---@param channels? integer `1`
---@param init? number `0.25`
---@return nn.Module
function nn.PReLU(channels, init)
  channels = core.count("nn.PReLU", "channels", channels or 1)
  init = core.range("nn.PReLU", "init", init or 0.25, -math.huge, math.huge, "a number")
  return core.module({ weight = nn.parameter({ channels }, init), forward = function(m, x) return nn.prelu(x, m.weight) end }, "nn.PReLU")
end
