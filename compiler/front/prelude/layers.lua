-- layers.lua: modules and the functions that they call. Names, layouts and initial values as in PyTorch.
local nn, core = ...
local methods = core.methods

-- x [.., in] times weight [out, in], plus bias [out]
function methods.linear(x, weight, bias)
  core.tensor("nn.linear", x)
  core.tensor("nn.linear", weight)
  local y = core.dot(x, weight, -1, -1, nil, nil, "linear")
  return bias and y + bias or y
end

for name, value in pairs(methods) do nn[name] = nn[name] or value end

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
