-- conv.lua: convolutions, pooling and resampling with their first and second derivatives (tests/oracle/library/conv.py).
local nn = require "nn"
local formula, cases = require "formula", require "cases"
local model = {}

-- A layer whose weight and bias become tensors 5 and 6, on tensor 4.
local function given(name, layer, shape)
  for field, number in pairs { weight = 5, bias = 6 } do
    if layer[field] then layer[field] = nn.parameter(layer[field].shape, cases.init(number)) end
  end
  model[#model + 1] = layer
  cases.add(name, function()
    local x = formula.tensor(4, shape)
    return layer(x), { x, layer.weight, layer.bias }
  end)
end

given("conv1d", nn.Conv1d(3, 4, 3), { 2, 3, 11 })
given("conv1d_strided", nn.Conv1d(4, 6, 4, { stride = 3, padding = 2, groups = 2 }), { 2, 4, 13 })
given("conv1d_same", nn.Conv1d(3, 4, 4, { padding = "same", dilation = 2 }), { 2, 3, 10 })
given("conv2d", nn.Conv2d(3, 5, 3, { padding = 1 }), { 2, 3, 7, 9 })
given("conv2d_valid", nn.Conv2d(2, 4, { 2, 3 }, { padding = "valid", bias = false }), { 3, 2, 6, 5 })
given("conv2d_strided", nn.Conv2d(3, 4, 3, { stride = 2, padding = 1 }), { 2, 3, 9, 8 })
given("conv2d_uneven", nn.Conv2d(3, 4, { 5, 2 }, { stride = { 2, 3 }, padding = { 2, 0 } }), { 2, 3, 11, 9 })
given("conv2d_wide", nn.Conv2d(3, 17, 5, { padding = 2 }), { 1, 3, 17, 21 })
given("conv2d_dilated", nn.Conv2d(3, 4, { 3, 2 }, { dilation = { 2, 3 }, padding = { 1, 2 } }), { 2, 3, 9, 10 })
given("conv2d_groups", nn.Conv2d(6, 4, 3, { groups = 2, padding = 1, stride = 2 }), { 2, 6, 7, 7 })
given("conv2d_depthwise", nn.Conv2d(4, 8, 3, { groups = 4, padding = 1 }), { 2, 4, 6, 7 })
given("conv2d_pointwise", nn.Conv2d(5, 7, 1), { 3, 5, 4, 5 })
given("conv2d_pointwise_strided", nn.Conv2d(5, 7, 1, { stride = 2 }), { 3, 5, 7, 5 })
given("conv2d_patches", nn.Conv2d(3, 5, 4, { stride = 4 }), { 2, 3, 8, 12 })
given("conv2d_same", nn.Conv2d(3, 4, { 4, 3 }, { padding = "same" }), { 2, 3, 7, 8 })
for _, mode in ipairs { "reflect", "replicate", "circular" } do
  given("conv2d_" .. mode, nn.Conv2d(3, 4, { 3, 5 }, { padding = { 1, 2 }, padding_mode = mode }), { 2, 3, 7, 6 })
end
given("conv3d", nn.Conv3d(2, 3, { 3, 2, 3 }, { padding = { 1, 0, 1 }, stride = { 1, 2, 1 } }), { 2, 2, 5, 6, 4 })
given("conv3d_groups", nn.Conv3d(4, 6, { 2, 3, 2 }, { groups = 2 }), { 1, 4, 4, 5, 4 })
given("conv3d_depthwise", nn.Conv3d(3, 6, { 2, 3, 2 }, { groups = 3, padding = 1 }), { 1, 3, 4, 5, 4 })

given("conv_transpose1d", nn.ConvTranspose1d(3, 4, 3), { 2, 3, 6 })
given("conv_transpose1d_strided", nn.ConvTranspose1d(4, 6, 4, { stride = 3, padding = 1, output_padding = 2, groups = 2 }), { 2, 4, 5 })
given("conv_transpose2d", nn.ConvTranspose2d(3, 4, { 3, 2 }, { bias = false }), { 2, 3, 5, 4 })
given("conv_transpose2d_strided", nn.ConvTranspose2d(3, 4, 4, { stride = 2, padding = 1 }), { 2, 3, 4, 5 })
given("conv_transpose2d_odd", nn.ConvTranspose2d(3, 4, 3, { stride = 2, padding = 1, output_padding = 1 }), { 2, 3, 4, 5 })
given("conv_transpose2d_dilated", nn.ConvTranspose2d(3, 4, { 2, 3 }, { dilation = { 3, 2 }, padding = { 1, 0 }, output_padding = { 2, 0 } }),
  { 2, 3, 4, 5 })
given("conv_transpose2d_apart", nn.ConvTranspose2d(3, 4, 2, { stride = 3, output_padding = 2 }), { 2, 3, 4, 3 })
given("conv_transpose2d_groups", nn.ConvTranspose2d(4, 6, 3, { stride = 2, groups = 2 }), { 2, 4, 4, 5 })
given("conv_transpose3d", nn.ConvTranspose3d(2, 3, { 2, 3, 2 }, { stride = { 1, 2, 2 }, padding = { 0, 1, 0 } }), { 1, 2, 3, 3, 2 })
given("conv_transpose3d_groups", nn.ConvTranspose3d(4, 4, { 2, 3, 2 }, { groups = 2 }), { 1, 4, 3, 3, 2 })

local function one(name, f, shape)
  cases.add(name, function()
    local x = formula.tensor(4, shape, 2)
    return f(x), { x }
  end)
end

one("max_pool1d", nn.MaxPool1d(3, { stride = 2, padding = 1 }), { 2, 3, 10 })
one("max_pool2d", nn.MaxPool2d(2), { 2, 3, 7, 8 })
one("max_pool2d_overlap", nn.MaxPool2d(3, { stride = 2, padding = 1 }), { 2, 3, 9, 8 })
one("max_pool2d_dilated", nn.MaxPool2d({ 2, 3 }, { stride = { 1, 2 }, padding = 1, dilation = { 3, 2 } }), { 2, 3, 9, 8 })
one("max_pool2d_ceil", nn.MaxPool2d(3, { stride = 2, ceil_mode = true }), { 2, 2, 8, 10 })
one("max_pool2d_ceil_padded", nn.MaxPool2d(2, { stride = 3, padding = 1, ceil_mode = true }), { 2, 2, 6, 8 })
one("max_pool3d", nn.MaxPool3d(2, { stride = { 1, 2, 2 } }), { 1, 2, 4, 5, 6 })
cases.add("max_pool1d_ties", function()
  local x = nn.constant { { { 1.0, 1.0, 0.5, 2.0, 2.0, 2.0 } } }
  return nn.max_pool1d(x, 3, { stride = 1 }), { x }
end)
one("avg_pool1d", nn.AvgPool1d(3, { stride = 2, padding = 1 }), { 2, 3, 10 })
one("avg_pool2d", nn.AvgPool2d(2), { 2, 3, 7, 8 })
one("avg_pool2d_padded", nn.AvgPool2d(3, { stride = 2, padding = 1 }), { 2, 3, 9, 8 })
one("avg_pool2d_inside", nn.AvgPool2d(3, { stride = 2, padding = 1, count_include_pad = false }), { 2, 3, 9, 8 })
one("avg_pool2d_ceil", nn.AvgPool2d(3, { stride = 2, padding = 1, ceil_mode = true }), { 2, 2, 8, 10 })
one("avg_pool2d_ceil_inside",
  nn.AvgPool2d({ 3, 2 }, { stride = 2, padding = { 1, 0 }, ceil_mode = true, count_include_pad = false }), { 2, 2, 8, 9 })
one("avg_pool3d", nn.AvgPool3d({ 2, 3, 2 }, { stride = 2, padding = { 0, 1, 1 } }), { 1, 2, 4, 5, 6 })
one("adaptive_avg_pool1d", nn.AdaptiveAvgPool1d(4), { 2, 3, 10 })
one("adaptive_avg_pool2d", nn.AdaptiveAvgPool2d { 3, false }, { 2, 3, 7, 5 })
one("adaptive_avg_pool2d_one", nn.AdaptiveAvgPool2d(1), { 2, 3, 7, 6 })
one("adaptive_max_pool1d", nn.AdaptiveMaxPool1d(4), { 2, 3, 10 })
one("adaptive_max_pool2d", nn.AdaptiveMaxPool2d { 3, 4 }, { 2, 3, 7, 9 })
one("adaptive_max_pool2d_even", nn.AdaptiveMaxPool2d { 2, 3 }, { 2, 3, 4, 9 })
one("adaptive_max_pool3d", nn.AdaptiveMaxPool3d { 2, 2, 3 }, { 1, 2, 3, 4, 5 })

local function upsample(name, options, shape) one("upsample_" .. name, nn.Upsample(options), shape) end
upsample("nearest1d", { scale_factor = 2 }, { 2, 3, 5 })
upsample("nearest2d", { size = { 9, 4 } }, { 2, 3, 4, 6 })
upsample("nearest2d_factor", { scale_factor = 2.5 }, { 2, 3, 4, 3 })
upsample("linear", { size = 9, mode = "linear" }, { 2, 3, 5 })
upsample("bilinear", { scale_factor = 2, mode = "bilinear" }, { 2, 3, 4, 5 })
upsample("bilinear_factor", { scale_factor = 1.7, mode = "bilinear" }, { 2, 3, 4, 5 })
upsample("bilinear_corners", { size = { 9, 7 }, mode = "bilinear", align_corners = true }, { 2, 3, 4, 5 })
upsample("bilinear_smaller", { size = { 3, 4 }, mode = "bilinear" }, { 2, 3, 8, 7 })
upsample("trilinear", { size = { 4, 5, 3 }, mode = "trilinear", align_corners = true }, { 1, 2, 3, 2, 3 })
one("unfold", function(x) return nn.unfold(x, { 3, 2 }, { dilation = { 1, 2 }, padding = { 1, 0 }, stride = { 2, 1 } }) end, { 2, 3, 6, 7 })
one("fold", function(x) return nn.fold(x, { 6, 7 }, { 3, 2 }, { padding = { 1, 0 }, stride = { 2, 1 } }) end, { 2, 12, 18 })

return cases.program("conv", model)
