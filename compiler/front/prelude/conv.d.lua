---@meta
-- conv.d.lua: what conv.lua makes for one, two and three dimensions. Sizes, strides … are one number, or a list of one for each dimension.

---@class nn.ConvCallOptions
---@field stride? integer|integer[] `1`
---@field padding? integer|integer[]|"same"|"valid" `0`; "same": as many outputs as inputs, for a stride of 1; what does not halve goes behind
---@field dilation? integer|integer[] `1`
---@field groups? integer `1`, divides in and out
---@field padding_mode? "zeros"|"reflect"|"replicate"|"circular" `"zeros"`

---@class nn.ConvOptions: nn.ConvCallOptions
---@field bias? boolean `true`
---@field init? nn.Init `U(-1/sqrt(fan_in), 1/sqrt(fan_in))` of the weight, fan_in = in / groups * kh kw; the bias keeps its own, the same distribution
---@field dtype? string `--float`

--- Cross-correlation with `weight` [out, in / groups, kh, kw] and `bias` [out]. Called with [N, in, H, W] (or [in, H, W]) it gives [N, out, H', W'],
--- H' = floor((H + 2 padding - dilation (kh - 1) - 1) / stride) + 1.
---@param in_channels integer
---@param out_channels integer
---@param kernel_size integer|integer[]
---@param options? nn.ConvOptions `{}`
---@return nn.Module
function nn.Conv2d(in_channels, out_channels, kernel_size, options) end
nn.Conv1d = nn.Conv2d -- of [N, in, L], `weight` [out, in / groups, k]
nn.Conv3d = nn.Conv2d -- of [N, in, D, H, W], `weight` [out, in / groups, kd, kh, kw]

--- The same with a weight that one has.
---@param x nn.Tensor [N, in, H, W] or [in, H, W]
---@param weight nn.Tensor [out, in / groups, kh, kw]
---@param bias? nn.Tensor `nil` [out]
---@param options? nn.ConvCallOptions `{}`
---@return nn.Tensor [N, out, H', W']
function nn.conv2d(x, weight, bias, options) end
nn.conv1d = nn.conv2d -- of [N, in, L]
nn.conv3d = nn.conv2d -- of [N, in, D, H, W]

---@class nn.ConvTransposeCallOptions
---@field stride? integer|integer[] `1`
---@field padding? integer|integer[] `0`: so many elements less at each end
---@field output_padding? integer|integer[] `0`: so many more at the far end; less than the stride or the dilation
---@field dilation? integer|integer[] `1`
---@field groups? integer `1`, divides in and out

---@class nn.ConvTransposeOptions: nn.ConvTransposeCallOptions
---@field bias? boolean `true`
---@field init? nn.Init `U(-1/sqrt(fan_in), 1/sqrt(fan_in))` of the weight, fan_in = out / groups * kh kw; the bias keeps its own, the same distribution
---@field dtype? string `--float`

--- The adjoint of a convolution: `weight` [in, out / groups, kh, kw], `bias` [out]. Called with [N, in, H, W] (or [in, H, W]) it gives [N, out, H', W'],
--- H' = (H - 1) stride - 2 padding + dilation (kh - 1) + output_padding + 1.
---@param in_channels integer
---@param out_channels integer
---@param kernel_size integer|integer[]
---@param options? nn.ConvTransposeOptions `{}`
---@return nn.Module
function nn.ConvTranspose2d(in_channels, out_channels, kernel_size, options) end
nn.ConvTranspose1d = nn.ConvTranspose2d -- of [N, in, L]
nn.ConvTranspose3d = nn.ConvTranspose2d -- of [N, in, D, H, W]

--- The same with a weight that one has.
---@param x nn.Tensor [N, in, H, W] or [in, H, W]
---@param weight nn.Tensor [in, out / groups, kh, kw]
---@param bias? nn.Tensor `nil` [out]
---@param options? nn.ConvTransposeCallOptions `{}`
---@return nn.Tensor [N, out, H', W']
function nn.conv_transpose2d(x, weight, bias, options) end
nn.conv_transpose1d = nn.conv_transpose2d -- of [N, in, L]
nn.conv_transpose3d = nn.conv_transpose2d -- of [N, in, D, H, W]
