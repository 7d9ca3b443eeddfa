-- layers.lua: modules and the functions that they call. Names, layouts and initial values as in PyTorch.
local nn, core = ...
local methods = core.methods

-- ---- activations: function nn.relu(x), method x:relu(), module nn.ReLU() ----

local function floats(what, x) return core.as_float(core.tensor(what, x)) end

-- Not maximum(x, 0): the gradient at 0 is 0, as in PyTorch, and NaN passes.
function methods.relu(x) return nn.where(nn.le(core.tensor("relu", x), 0), 0, x) end
function methods.leaky_relu(x, slope)
  x = floats("leaky_relu", x)
  return nn.where(x:gt(0), x, x * (slope or 0.01))
end
-- 1 / (1 + exp(-x)) by way of tanh, which saturates without overflow.
function methods.sigmoid(x) return 0.5 * (0.5 * floats("sigmoid", x)):tanh() + 0.5 end
function methods.gelu(x) -- exact, as torch's default
  x = floats("gelu", x)
  return 0.5 * x * (1 + (x * math.sqrt(0.5)):erf())
end
function methods.silu(x) return x * nn.sigmoid(x) end
-- log(1 + exp(x)) = max(x, 0) + log1p(exp(-|x|))
function methods.softplus(x)
  x = floats("softplus", x)
  return nn.maximum(x, 0) + (-x:abs()):exp():log1p()
end
function methods.elu(x, alpha)
  x = floats("elu", x)
  local positive = x:gt(0) -- where, not minimum: its gradient at 0 is alpha, as in PyTorch, not half of it
  return nn.where(positive, x, (alpha or 1.0) * nn.where(positive, 0, x):expm1())
end
-- Klambauer et al. 2017
function methods.selu(x) return 1.0507009873554805 * nn.elu(x, 1.6732632423543772) end
function methods.mish(x) return x * nn.softplus(x):tanh() end

-- ---- over one dimension (the last when none is given) ----

function methods.softmax(x, dim)
  dim = dim or -1
  x = floats("softmax", x)
  local wide = core.wide(x)
  local e = (wide - nn.stop_gradient(wide:max(dim, true))):exp()
  return (e / e:sum(dim, true)):cast(x.dtype)
end

function methods.log_softmax(x, dim)
  dim = dim or -1
  x = floats("log_softmax", x)
  local wide = core.wide(x)
  local s = wide - nn.stop_gradient(wide:max(dim, true))
  return (s - s:exp():sum(dim, true):log()):cast(x.dtype)
end

function methods.logsumexp(x, dim, keep)
  dim = dim or -1
  x = floats("logsumexp", x)
  local wide = core.wide(x)
  local m = nn.stop_gradient(wide:max(dim, true))
  local l = ((wide - m):exp():sum(dim, true):log() + m):cast(x.dtype)
  return keep and l or l:sum(dim)
end

-- x [.., in] times weight [out, in], plus bias [out]
function methods.linear(x, weight, bias)
  core.tensor("nn.linear", x)
  core.tensor("nn.linear", weight)
  local y = core.dot(x, weight, -1, -1, nil, nil, "linear")
  return bias and y + bias or y
end

for name, value in pairs(methods) do nn[name] = nn[name] or value end

local function activation(kind, f, ...)
  local fields = { ... }
  nn[kind] = function(...)
    local values = { ... }
    if #values > #fields then core.fail("field_extra", "nn." .. kind, #fields, #values) end
    local self = {}
    for i, field in ipairs(fields) do
      if values[i] ~= nil and type(values[i]) ~= "number" then core.fail("number_wanted", "nn." .. kind, field, core.what(values[i])) end
      self[field] = values[i]
    end
    self.forward = function(m, x) return f(x, m[fields[1]]) end
    return core.module(self, "nn." .. kind)
  end
end
activation("ReLU", methods.relu)
activation("LeakyReLU", methods.leaky_relu, "slope")
activation("Sigmoid", methods.sigmoid)
activation("Tanh", methods.tanh)
activation("GELU", methods.gelu)
activation("SiLU", methods.silu)
activation("Softplus", methods.softplus)
activation("ELU", methods.elu, "alpha")
activation("SELU", methods.selu)
activation("Mish", methods.mish)
activation("Softmax", methods.softmax, "dim")
activation("LogSoftmax", methods.log_softmax, "dim")

function nn.Identity() return core.module({ forward = function(_, x) return x end }, "nn.Identity") end

-- ---- containers ----

local function sequential_forward(self, x)
  for _, layer in ipairs(self) do x = layer(x) end
  return x
end

function nn.Sequential(layers)
  if type(layers) ~= "table" or core.kind(layers) then core.fail("table_wanted", "nn.Sequential", core.what(layers)) end
  for i, layer in ipairs(layers) do
    if type(layer) ~= "function" and (type(layer) ~= "table" or not core.kind(layer)) then
      core.fail("layer_input", "nn.Sequential", "modules and functions", core.what(layer) .. " at position " .. i)
    end
  end
  for key in pairs(layers) do
    if math.type(key) ~= "integer" or key < 1 or key > #layers then
      core.fail("layer_input", "nn.Sequential", "a list without gaps", "the key " .. tostring(key))
    end
  end
  layers.forward = sequential_forward
  return core.module(layers, "nn.Sequential")
end

-- ---- layers ----

function nn.Flatten()
  return core.module({ forward = function(_, x)
    core.tensor("nn.Flatten", x)
    if x.rank < 1 then core.fail("layer_input", "nn.Flatten", "a batch [B, …]", core.tensor_text(x)) end
    return x:reshape { x.shape[1], -1 }
  end }, "nn.Flatten")
end

local function linear_forward(self, x)
  core.tensor("nn.Linear", x)
  local size = self.weight.shape[2]
  if x.rank < 1 or x.shape[x.rank] ~= size then
    core.fail("layer_input", "nn.Linear", "a last dimension of " .. size, core.tensor_text(x))
  end
  return nn.linear(x, self.weight, self.bias)
end

-- weight [out, in] and bias [out], both U(-1/sqrt(in), 1/sqrt(in)): PyTorch's kaiming_uniform with a = sqrt(5)
function nn.Linear(inputs, outputs, options)
  core.count("nn.Linear", "inputs", inputs)
  core.count("nn.Linear", "outputs", outputs)
  core.fields("nn.Linear", options, { bias = "boolean", init = "function", dtype = "string" })
  options = options or {}
  local within = core.init_within(1 / math.sqrt(inputs))
  local self = { forward = linear_forward }
  self.weight = nn.parameter({ outputs, inputs }, options.init or within, options.dtype)
  if options.bias ~= false then self.bias = nn.parameter({ outputs }, within, options.dtype) end
  return core.module(self, "nn.Linear")
end

-- Srivastava et al. 2014: in training each element is kept with probability 1 - p and then divided by it.
local function dropout_forward(self, x)
  core.tensor("nn.Dropout", x)
  if not nn.training() or self.p == 0 then return x end
  local keep = core.uniform(x.shape):ge(self.p)
  return nn.where(keep, x * (1 / (1 - self.p)), 0)
end

function nn.Dropout(p)
  p = core.range("nn.Dropout", "p", p == nil and 0.5 or p, 0, 0.999999, "at least 0 and below 1")
  return core.module({ p = p, forward = dropout_forward }, "nn.Dropout")
end

local function embedding_forward(self, index)
  core.tensor("nn.Embedding", index)
  if core.is_float(index.dtype) or index.dtype == "bool" then
    core.fail("layer_input", "nn.Embedding", "whole numbers", core.tensor_text(index))
  end
  return self.weight:gather(1, index)
end

-- weight [rows, size], normal; index [..] gives [.., size]
function nn.Embedding(rows, size, options)
  core.count("nn.Embedding", "rows", rows)
  core.count("nn.Embedding", "size", size)
  core.fields("nn.Embedding", options, { init = "function", dtype = "string" })
  options = options or {}
  local weight = nn.parameter({ rows, size }, options.init or nn.init.normal(), options.dtype)
  return core.module({ weight = weight, forward = embedding_forward }, "nn.Embedding")
end
