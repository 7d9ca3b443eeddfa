-- layers.lua: one value of each layer and loss with its gradients, projected to scalars, for comparison with tests/oracle/layers.tsv (layers.py has
-- the same cases with the same numbers of tensors). Run in f64 for one step by tests/train/layers.sh.
local nn = require "nn"
local formula = require "formula"
local tensor, project = formula.tensor, formula.project

local embedding = nn.Embedding(6, 4, { init = function(shape) return tensor(3, shape) end })
local dropout = nn.Dropout(0.5)

local function layers()
  local out = {}
  local function record(case, y, inputs)
    local loss = project(y, 50)
    out[case .. "_y"] = loss
    for k, g in ipairs(nn.grad(loss, inputs)) do out[case .. "_d" .. (k - 1)] = project(g, 50 + k) end
  end

  local x, w, b = tensor(0, { 5, 7 }), tensor(1, { 3, 7 }), tensor(2, { 3 })
  record("linear", nn.linear(x, w, b), { x, w, b })
  record("linear_plain", nn.linear(x, w), { x, w })
  local x3 = tensor(0, { 2, 5, 7 })
  record("linear_batched", nn.linear(x3, w, b), { x3, w, b })

  record("embedding", embedding(nn.constant({ { 0, 5, 2, 2 }, { 1, 0, 5, 5 } }, "i32")), { embedding.weight })

  local function activation(name, f)
    local v = tensor(4, { 4, 5 }, 3)
    record(name, f(v), { v })
    local zero = nn.constant { { 0.0, -0.0, 0.5, -0.5 } } -- what a kink does at 0
    record(name .. "_zero", f(zero), { zero })
  end
  activation("relu", nn.relu)
  activation("leaky_relu", nn.leaky_relu)
  activation("elu", nn.elu)
  activation("gelu", nn.gelu)
  activation("silu", nn.silu)
  activation("selu", nn.selu)
  activation("mish", nn.mish)
  activation("sigmoid", nn.sigmoid)
  activation("tanh", nn.tanh)
  activation("softplus", nn.softplus)
  activation("softmax", function(v) return nn.softmax(v, -1) end)
  activation("log_softmax", function(v) return nn.log_softmax(v, -1) end)
  local v = tensor(4, { 4, 5 }, 3)
  record("dropout_eval", dropout(v), { v })

  local z = tensor(5, { 6, 5 }, 4)
  record("cross_entropy", nn.cross_entropy(z, nn.constant({ 0, 4, 2, 2, 1, 3 }, "i32")), { z })
  local far = tensor(6, { 3, 4 }, 200)
  record("cross_entropy_far", nn.cross_entropy(far, nn.constant({ 3, 0, 1 }, "i32")), { far })
  local p, q = tensor(7, { 4, 3 }), tensor(8, { 4, 3 })
  record("mse_loss", nn.mse_loss(p, q), { p, q })
  return out
end

return nn.program { name = "layers", model = { embedding = embedding }, all = nn.func { layers }, run = { steps = 1, step = "all" } }
