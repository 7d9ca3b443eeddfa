-- layers.lua: modules and the functions that they call. Names, layouts and initial values as in PyTorch.
local nn, core = ...
local methods = core.methods

--- x W^T + b.
---@param x nn.Tensor [.., in]
---@param weight nn.Tensor [out, in]
---@param bias? nn.Tensor `nil` [out]
---@return nn.Tensor [.., out]
function methods.linear(x, weight, bias)
  core.tensor("nn.linear", x)
  core.tensor("nn.linear", weight)
  local y = core.dot(x, weight, -1, -1, nil, nil, "linear")
  return bias and y + bias or y
end

for name, value in pairs(methods) do nn[name] = nn[name] or value end

--- Gives what it gets.
---@return nn.Module
function nn.Identity() return core.module({ forward = function(_, x) return x end }, "nn.Identity") end

-- ---- containers ----

local function sequential_forward(self, x)
  for _, layer in ipairs(self) do x = layer(x) end
  return x
end

--- Calls its items in turn, each with the one result of the one before. Items are modules and functions (`nn.relu`); net[3] is the third, and may be
--- replaced. States have the items' numbers from 0: `0.weight`.
---@param layers table a list
---@return nn.Module
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

--- [B, …] as [B, n]: all dimensions but the first as one.
---@return nn.Module
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

---@class nn.LinearOptions
---@field bias? boolean `true`
---@field init? fun(shape: integer[]): nn.Tensor `U(-1/sqrt(in), 1/sqrt(in))` of the weight; the bias keeps its own, the same distribution
---@field dtype? string `--float`

--- x W^T + b with `weight` [out, in] and `bias` [out], both U(-1 / sqrt(in), 1 / sqrt(in)): PyTorch's kaiming_uniform with a = sqrt(5).
--- Called with [.., in] it gives [.., out].
---@param inputs integer in
---@param outputs integer out
---@param options? nn.LinearOptions `{}`
---@return nn.Module
function nn.Linear(inputs, outputs, options)
  core.count("nn.Linear", "inputs", inputs)
  core.count("nn.Linear", "outputs", outputs)
  core.fields("nn.Linear", options, { bias = "boolean", init = "function", dtype = "dtype" })
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
  local y = self.weight:gather(1, index)
  if not self.padding_idx then return y end
  local shape = index.shape -- a row that is read as padding gets no gradient
  shape[#shape + 1] = 1
  return nn.where(index:eq(self.padding_idx):reshape(shape), nn.stop_gradient(y), y)
end

---@class nn.EmbeddingOptions
---@field padding_idx? integer `nil`; from 0: that row starts at 0 and gets no gradient
---@field init? fun(shape: integer[]): nn.Tensor `N(0, 1)`
---@field dtype? string `--float`

--- Vectors by number: `weight` [rows, size]. Called with whole numbers [..] it gives [.., size]; a number out of range takes the first or the
--- last row (PyTorch: an error).
---@param rows integer
---@param size integer
---@param options? nn.EmbeddingOptions `{}`
---@return nn.Module
function nn.Embedding(rows, size, options)
  core.count("nn.Embedding", "rows", rows)
  core.count("nn.Embedding", "size", size)
  options = core.fields("nn.Embedding", options, { init = "function", dtype = "dtype", padding_idx = "number" })
  local padding, init = options.padding_idx, options.init or nn.init.normal()
  if padding and (math.type(padding) ~= "integer" or padding < 0 or padding >= rows) then
    core.fail("number_range", "nn.Embedding", "padding_idx", "a row from 0 to " .. rows - 1, padding)
  end
  local function start(shape)
    if not padding then return init(shape) end
    return nn.where(nn.iota(rows):eq(padding):reshape { rows, 1 }, 0.0, init(shape))
  end
  local weight = nn.parameter({ rows, size }, start, options.dtype)
  return core.module({ weight = weight, padding_idx = padding, forward = embedding_forward }, "nn.Embedding")
end

--- Scores by the rows of another module's weight: x [.., in] times weight [out, in] (Press and Wolf 2017). The state stays
--- one: it has the other's name.
---@param of nn.Module such as an nn.Embedding
---@return nn.Module
function nn.Tied(of)
  if type(of) ~= "table" or core.kind(of.weight) ~= "state" or of.weight.rank ~= 2 then
    core.fail("layer_input", "nn.Tied", "a module with a weight [out, in]", core.what(of))
  end
  return core.module({ weight = of.weight, forward = function(self, x) return nn.linear(x, self.weight) end }, "nn.Tied")
end

-- y_o = x1^T W_o x2 + b_o
local function bilinear_forward(self, x1, x2)
  local shape = self.weight.shape
  for i = 1, 2 do
    local x = core.tensor("nn.Bilinear", i == 1 and x1 or x2)
    if x.rank < 1 or x.shape[x.rank] ~= shape[i + 1] then
      core.fail("layer_input", "nn.Bilinear", "a last dimension of " .. shape[i + 1], core.tensor_text(x))
    end
  end
  local second = x2.shape
  for d = 1, x1.rank do
    local same = x1.rank == x2.rank and (d == x1.rank or x1.shape[d] == second[d])
    if not same then core.fail("loss_shapes", "nn.Bilinear", core.tensor_text(x1), core.tensor_text(x2)) end
  end
  table.insert(second, #second, 1) -- [.., 1, in2], beside [.., out, in2]
  local y = (core.dot(x1, self.weight, -1, 2) * x2:reshape(second)):sum(-1)
  return self.bias and y + self.bias or y
end

---@class nn.BilinearOptions
---@field bias? boolean `true`

--- y_o = x1^T W_o x2 + b_o: `weight` [out, in1, in2] and `bias` [out], both U(-1 / sqrt(in1), 1 / sqrt(in1)). Called (x1 [.., in1], x2 [.., in2]).
---@param in1 integer
---@param in2 integer
---@param outputs integer out
---@param options? nn.BilinearOptions `{}`
---@return nn.Module
function nn.Bilinear(in1, in2, outputs, options)
  core.count("nn.Bilinear", "in1", in1)
  core.count("nn.Bilinear", "in2", in2)
  core.count("nn.Bilinear", "outputs", outputs)
  options = core.fields("nn.Bilinear", options, { bias = "boolean" })
  local within = core.init_within(1 / math.sqrt(in1))
  local self = { weight = nn.parameter({ outputs, in1, in2 }, within), forward = bilinear_forward }
  if options.bias ~= false then self.bias = nn.parameter({ outputs }, within) end
  return core.module(self, "nn.Bilinear")
end
