-- conv.lua: convolutions, pooling and resampling with their first and second derivatives (tests/oracle/library/conv.py).
local nn = require "nn"
local formula, cases = require "formula", require "cases"
local model = {}

-- Modules and the functions that are the same
local twins = {
  Conv1d = nn.conv1d, Conv2d = nn.conv2d, Conv3d = nn.conv3d,
  ConvTranspose1d = nn.conv_transpose1d, ConvTranspose2d = nn.conv_transpose2d, ConvTranspose3d = nn.conv_transpose3d,
  MaxPool1d = nn.max_pool1d, MaxPool2d = nn.max_pool2d, MaxPool3d = nn.max_pool3d,
  AvgPool1d = nn.avg_pool1d, AvgPool2d = nn.avg_pool2d, AvgPool3d = nn.avg_pool3d,
  AdaptiveAvgPool1d = nn.adaptive_avg_pool1d, AdaptiveAvgPool2d = nn.adaptive_avg_pool2d, AdaptiveAvgPool3d = nn.adaptive_avg_pool3d,
  AdaptiveMaxPool1d = nn.adaptive_max_pool1d, AdaptiveMaxPool2d = nn.adaptive_max_pool2d, AdaptiveMaxPool3d = nn.adaptive_max_pool3d,
  Upsample = nn.interpolate,
}

-- The layer nn.<kind>(in, out, kernel, options), whose weight and bias become tensors 5 and 6, on tensor 4.
local function given(name, kind, arguments, shape)
  local layer, options = nn[kind](table.unpack(arguments)), {}
  for key, value in pairs(arguments[4] or {}) do
    if key ~= "bias" then options[key] = value end
  end
  for field, number in pairs { weight = 5, bias = 6 } do
    if layer[field] then layer[field] = nn.parameter(layer[field].shape, cases.init(number)) end
  end
  model[#model + 1] = layer
  cases.add(name, function()
    local x = formula.tensor(4, shape)
    return layer(x), { x, layer.weight, layer.bias }, twins[kind](x, layer.weight, layer.bias, options)
  end)
end

given("conv1d", "Conv1d", { 3, 4, 3 }, { 2, 3, 11 })
given("conv1d_strided", "Conv1d", { 4, 6, 4, { stride = 3, padding = 2, groups = 2 } }, { 2, 4, 13 })
given("conv1d_same", "Conv1d", { 3, 4, 4, { padding = "same", dilation = 2 } }, { 2, 3, 10 })
given("conv2d", "Conv2d", { 3, 5, 3, { padding = 1 } }, { 2, 3, 7, 9 })
given("conv2d_valid", "Conv2d", { 2, 4, { 2, 3 }, { padding = "valid", bias = false } }, { 3, 2, 6, 5 })
given("conv2d_strided", "Conv2d", { 3, 4, 3, { stride = 2, padding = 1 } }, { 2, 3, 9, 8 })
given("conv2d_uneven", "Conv2d", { 3, 4, { 5, 2 }, { stride = { 2, 3 }, padding = { 2, 0 } } }, { 2, 3, 11, 9 })
given("conv2d_wide", "Conv2d", { 3, 17, 5, { padding = 2 } }, { 1, 3, 17, 21 })
given("conv2d_dilated", "Conv2d", { 3, 4, { 3, 2 }, { dilation = { 2, 3 }, padding = { 1, 2 } } }, { 2, 3, 9, 10 })
given("conv2d_groups", "Conv2d", { 6, 4, 3, { groups = 2, padding = 1, stride = 2 } }, { 2, 6, 7, 7 })
given("conv2d_depthwise", "Conv2d", { 4, 8, 3, { groups = 4, padding = 1 } }, { 2, 4, 6, 7 })
given("conv2d_pointwise", "Conv2d", { 5, 7, 1 }, { 3, 5, 4, 5 })
given("conv2d_pointwise_strided", "Conv2d", { 5, 7, 1, { stride = 2 } }, { 3, 5, 7, 5 })
given("conv2d_patches", "Conv2d", { 3, 5, 4, { stride = 4 } }, { 2, 3, 8, 12 })
given("conv2d_same", "Conv2d", { 3, 4, { 4, 3 }, { padding = "same" } }, { 2, 3, 7, 8 })
for _, mode in ipairs { "reflect", "replicate", "circular" } do
  given("conv2d_" .. mode, "Conv2d", { 3, 4, { 3, 5 }, { padding = { 1, 2 }, padding_mode = mode } }, { 2, 3, 7, 6 })
end
given("conv3d", "Conv3d", { 2, 3, { 3, 2, 3 }, { padding = { 1, 0, 1 }, stride = { 1, 2, 1 } } }, { 2, 2, 5, 6, 4 })
given("conv3d_groups", "Conv3d", { 4, 6, { 2, 3, 2 }, { groups = 2 } }, { 1, 4, 4, 5, 4 })
given("conv3d_depthwise", "Conv3d", { 3, 6, { 2, 3, 2 }, { groups = 3, padding = 1 } }, { 1, 3, 4, 5, 4 })

given("conv_transpose1d", "ConvTranspose1d", { 3, 4, 3 }, { 2, 3, 6 })
given("conv_transpose1d_strided", "ConvTranspose1d", { 4, 6, 4, { stride = 3, padding = 1, output_padding = 2, groups = 2 } }, { 2, 4, 5 })
given("conv_transpose2d", "ConvTranspose2d", { 3, 4, { 3, 2 }, { bias = false } }, { 2, 3, 5, 4 })
given("conv_transpose2d_strided", "ConvTranspose2d", { 3, 4, 4, { stride = 2, padding = 1 } }, { 2, 3, 4, 5 })
given("conv_transpose2d_odd", "ConvTranspose2d", { 3, 4, 3, { stride = 2, padding = 1, output_padding = 1 } }, { 2, 3, 4, 5 })
given("conv_transpose2d_dilated", "ConvTranspose2d", { 3, 4, { 2, 3 }, { dilation = { 3, 2 }, padding = { 1, 0 }, output_padding = { 2, 0 } } }, { 2, 3, 4, 5 })
given("conv_transpose2d_apart", "ConvTranspose2d", { 3, 4, 2, { stride = 3, output_padding = 2 } }, { 2, 3, 4, 3 })
given("conv_transpose2d_groups", "ConvTranspose2d", { 4, 6, 3, { stride = 2, groups = 2 } }, { 2, 4, 4, 5 })
given("conv_transpose3d", "ConvTranspose3d", { 2, 3, { 2, 3, 2 }, { stride = { 1, 2, 2 }, padding = { 0, 1, 0 } } }, { 1, 2, 3, 3, 2 })
given("conv_transpose3d_groups", "ConvTranspose3d", { 4, 4, { 2, 3, 2 }, { groups = 2 } }, { 1, 4, 3, 3, 2 })

-- The module nn.<kind>(…) on tensor 4
local function pool(name, kind, arguments, shape)
  local layer = nn[kind](table.unpack(arguments))
  cases.add(name, function()
    local x = formula.tensor(4, shape, 2)
    return layer(x), { x }, twins[kind](x, table.unpack(arguments))
  end)
end

pool("max_pool1d", "MaxPool1d", { 3, { stride = 2, padding = 1 } }, { 2, 3, 10 })
pool("max_pool2d", "MaxPool2d", { 2 }, { 2, 3, 7, 8 })
pool("max_pool2d_overlap", "MaxPool2d", { 3, { stride = 2, padding = 1 } }, { 2, 3, 9, 8 })
pool("max_pool2d_dilated", "MaxPool2d", { { 2, 3 }, { stride = { 1, 2 }, padding = 1, dilation = { 3, 2 } } }, { 2, 3, 9, 8 })
pool("max_pool2d_ceil", "MaxPool2d", { 3, { stride = 2, ceil_mode = true } }, { 2, 2, 8, 10 })
pool("max_pool2d_ceil_padded", "MaxPool2d", { 2, { stride = 3, padding = 1, ceil_mode = true } }, { 2, 2, 6, 8 })
pool("max_pool3d", "MaxPool3d", { 2, { stride = { 1, 2, 2 } } }, { 1, 2, 4, 5, 6 })
cases.add("max_pool1d_ties", function()
  local x = nn.constant { { { 1.0, 1.0, 0.5, 2.0, 2.0, 2.0 } } }
  return nn.max_pool1d(x, 3, { stride = 1 }), { x }
end)
pool("avg_pool1d", "AvgPool1d", { 3, { stride = 2, padding = 1 } }, { 2, 3, 10 })
pool("avg_pool2d", "AvgPool2d", { 2 }, { 2, 3, 7, 8 })
pool("avg_pool2d_padded", "AvgPool2d", { 3, { stride = 2, padding = 1 } }, { 2, 3, 9, 8 })
pool("avg_pool2d_inside", "AvgPool2d", { 3, { stride = 2, padding = 1, count_include_pad = false } }, { 2, 3, 9, 8 })
pool("avg_pool2d_ceil", "AvgPool2d", { 3, { stride = 2, padding = 1, ceil_mode = true } }, { 2, 2, 8, 10 })
pool("avg_pool2d_ceil_inside", "AvgPool2d", { { 3, 2 }, { stride = 2, padding = { 1, 0 }, ceil_mode = true, count_include_pad = false } }, { 2, 2, 8, 9 })
pool("avg_pool3d", "AvgPool3d", { { 2, 3, 2 }, { stride = 2, padding = { 0, 1, 1 } } }, { 1, 2, 4, 5, 6 })
pool("adaptive_avg_pool1d", "AdaptiveAvgPool1d", { 4 }, { 2, 3, 10 })
pool("adaptive_avg_pool2d", "AdaptiveAvgPool2d", { { 3, false } }, { 2, 3, 7, 5 })
pool("adaptive_avg_pool2d_one", "AdaptiveAvgPool2d", { 1 }, { 2, 3, 7, 6 })
pool("adaptive_max_pool1d", "AdaptiveMaxPool1d", { 4 }, { 2, 3, 10 })
pool("adaptive_max_pool2d", "AdaptiveMaxPool2d", { { 3, 4 } }, { 2, 3, 7, 9 })
pool("adaptive_max_pool2d_even", "AdaptiveMaxPool2d", { { 2, 3 } }, { 2, 3, 4, 9 })
pool("adaptive_max_pool3d", "AdaptiveMaxPool3d", { { 2, 2, 3 } }, { 1, 2, 3, 4, 5 })

pool("max_pool1d_odd", "MaxPool1d", { 2, { stride = 3 } }, { 1, 3, 7 })
pool("max_pool3d_padded", "MaxPool3d", { { 3, 2, 2 }, { padding = 1, ceil_mode = true } }, { 1, 1, 5, 3, 7 })
pool("avg_pool1d_odd", "AvgPool1d", { 2, { ceil_mode = true, count_include_pad = false } }, { 3, 1, 7 })
pool("avg_pool3d_odd", "AvgPool3d", { 2, { stride = 1 } }, { 1, 2, 3, 3, 5 })
pool("adaptive_avg_pool1d_odd", "AdaptiveAvgPool1d", { 3 }, { 1, 2, 7 })
pool("adaptive_avg_pool3d", "AdaptiveAvgPool3d", { { 2, false, 3 } }, { 1, 2, 3, 2, 5 })
pool("adaptive_avg_pool3d_one", "AdaptiveAvgPool3d", { 1 }, { 2, 1, 3, 5, 2 })
pool("adaptive_max_pool1d_odd", "AdaptiveMaxPool1d", { 3 }, { 1, 2, 9 })
pool("adaptive_max_pool3d_one", "AdaptiveMaxPool3d", { 1 }, { 2, 1, 3, 5, 2 })

local function upsample(name, options, shape) pool("upsample_" .. name, "Upsample", { options }, shape) end
upsample("nearest1d", { scale_factor = 2 }, { 2, 3, 5 })
upsample("nearest2d", { size = { 9, 4 } }, { 2, 3, 4, 6 })
upsample("nearest2d_factor", { scale_factor = 2.5 }, { 2, 3, 4, 3 })
upsample("linear", { size = 9, mode = "linear" }, { 2, 3, 5 })
upsample("bilinear", { scale_factor = 2, mode = "bilinear" }, { 2, 3, 4, 5 })
upsample("bilinear_factor", { scale_factor = 1.7, mode = "bilinear" }, { 2, 3, 4, 5 })
upsample("bilinear_corners", { size = { 9, 7 }, mode = "bilinear", align_corners = true }, { 2, 3, 4, 5 })
upsample("bilinear_smaller", { size = { 3, 4 }, mode = "bilinear" }, { 2, 3, 8, 7 })
upsample("trilinear", { size = { 4, 5, 3 }, mode = "trilinear", align_corners = true }, { 1, 2, 3, 2, 3 })
local function columns(name, f, shape)
  cases.add(name, function()
    local x = formula.tensor(4, shape, 2)
    return f(x), { x }
  end)
end
columns("unfold", function(x) return nn.unfold(x, { 3, 2 }, { dilation = { 1, 2 }, padding = { 1, 0 }, stride = { 2, 1 } }) end, { 2, 3, 6, 7 })
columns("unfold_plain", function(x) return nn.unfold(x, 2) end, { 1, 3, 5, 3 })
columns("fold", function(x) return nn.fold(x, { 6, 7 }, { 3, 2 }, { padding = { 1, 0 }, stride = { 2, 1 } }) end, { 2, 12, 18 })
columns("fold_plain", function(x) return nn.fold(x, { 5, 3 }, 2) end, { 1, 12, 8 })

return cases.program("conv", model)
