-- norms.lua: normalisations, their first and second derivatives and running statistics (tests/oracle/library/norms.py).
local nn = require "nn"
local formula, cases = require "formula", require "cases"
local project = formula.project
local function tensor(t, shape) return formula.tensor(t, shape, 2) + 0.3 end
local model = {}

-- layer: a module whose weight and bias become tensors 5 and 6
local function given(layer)
  local from = { weight = 5, bias = 6 }
  for name, number in pairs(from) do
    if layer[name] then layer[name] = nn.parameter(layer[name].shape, cases.init(number)) end
  end
  model[#model + 1] = layer
  return layer
end

local function inputs(x, layer) return { x, layer.weight, layer.bias } end

-- f(x, weight, bias): the function that is the same
local function single(name, layer, shape, f)
  given(layer)
  cases.add(name, function()
    local x = tensor(4, shape)
    return layer(x), inputs(x, layer), f(x, layer.weight, layer.bias)
  end)
end
single("layer_norm", nn.LayerNorm(7), { 3, 5, 7 }, function(x, w, b) return nn.layer_norm(x, 7, w, b) end)
single("layer_norm_two", nn.LayerNorm({ 5, 7 }, { eps = 1e-3 }), { 3, 5, 7 }, function(x, w, b) return nn.layer_norm(x, { 5, 7 }, w, b, 1e-3) end)
single("layer_norm_plain", nn.LayerNorm(7, { elementwise_affine = false }), { 3, 5, 7 }, function(x, w, b) return nn.layer_norm(x, 7) end)
single("rms_norm", nn.RMSNorm(7), { 3, 5, 7 }, function(x, w, b) return nn.rms_norm(x, 7, w) end)
single("rms_norm_eps", nn.RMSNorm({ 7 }, { eps = 1e-2 }), { 3, 5, 7 }, function(x, w, b) return nn.rms_norm(x, { 7 }, w, 1e-2) end)
single("group_norm", nn.GroupNorm(2, 6), { 3, 6, 5 }, function(x, w, b) return nn.group_norm(x, 2, w, b) end)
single("group_norm_image", nn.GroupNorm(3, 6), { 2, 6, 3, 5 }, function(x, w, b) return nn.group_norm(x, 3, w, b) end)

local function several(name, layer, shape)
  given(layer)
  for k, mode in ipairs { "train", "train", "eval" } do
    cases.add(name .. "_" .. mode .. k - 1, function()
      local x = tensor(39 + k, shape)
      local out = cases.record(layer(x), inputs(x, layer))
      if layer.running_mean then
        out.mean, out.var = project(nn.value(layer.running_mean), 70), project(nn.value(layer.running_var), 71)
        out.count = nn.value(layer.num_batches_tracked)
      end
      return out
    end, mode)
  end
end
several("batch_norm", nn.BatchNorm1d(3), { 5, 3 })
several("batch_norm_sequence", nn.BatchNorm1d(3, { momentum = 0.3, eps = 1e-3 }), { 5, 3, 4 })
several("batch_norm_image", nn.BatchNorm2d(3), { 2, 3, 5, 4 })
several("batch_norm_volume", nn.BatchNorm3d(3), { 2, 3, 2, 5, 3 })
several("batch_norm_mean", nn.BatchNorm1d(3, { momentum = false, affine = false }), { 5, 3 })
several("batch_norm_untracked", nn.BatchNorm1d(3, { track_running_stats = false }), { 5, 3 })
several("instance_norm", nn.InstanceNorm1d(3), { 2, 3, 7 })
several("instance_norm_tracked", nn.InstanceNorm2d(3, { affine = true, track_running_stats = true }), { 2, 3, 5, 3 })
several("batch_norm_image_odd", nn.BatchNorm2d(2, { momentum = 0.5, affine = false }), { 1, 2, 3, 1 })
several("batch_norm_volume_odd", nn.BatchNorm3d(2, { eps = 1e-2 }), { 1, 2, 1, 3, 1 })
several("instance_norm_odd", nn.InstanceNorm1d(2, { affine = true, eps = 1e-2 }), { 1, 2, 5 })
several("instance_norm_image", nn.InstanceNorm2d(2), { 1, 2, 3, 1 })
several("instance_norm_volume_odd", nn.InstanceNorm3d(2, { track_running_stats = true, momentum = 0.3 }), { 1, 2, 1, 3, 3 })
several("instance_norm_volume", nn.InstanceNorm3d(3, { affine = true }), { 2, 3, 2, 3, 3 })

return cases.program("norms", model)
