---@meta
-- pool.d.lua: what pool.lua makes for one, two and three dimensions.

---@class nn.MaxPoolOptions
---@field stride? integer|integer[] `kernel_size`
---@field padding? integer|integer[] `0`, at most half of the window; padded places never win
---@field dilation? integer|integer[] `1`
---@field ceil_mode? boolean `false`; true: the last window may hang over the end, if it starts inside

--- The largest of each window of [N, C, H, W] (or [C, H, W]); of equals the first gets the gradient.
---@param kernel_size integer|integer[]
---@param options? nn.MaxPoolOptions `{}`
---@return nn.Module
function nn.MaxPool2d(kernel_size, options) end
nn.MaxPool1d = nn.MaxPool2d -- of [N, C, L]
nn.MaxPool3d = nn.MaxPool2d -- of [N, C, D, H, W]

--- The same as a function.
---@param x nn.Tensor [N, C, H, W] or [C, H, W]
---@param kernel_size integer|integer[]
---@param options? nn.MaxPoolOptions `{}`
---@return nn.Tensor [N, C, H', W']
function nn.max_pool2d(x, kernel_size, options) end
nn.max_pool1d = nn.max_pool2d -- of [N, C, L]
nn.max_pool3d = nn.max_pool2d -- of [N, C, D, H, W]

---@class nn.AvgPoolOptions
---@field stride? integer|integer[] `kernel_size`
---@field padding? integer|integer[] `0`, at most half of the window
---@field ceil_mode? boolean `false`; true: the last window may hang over the end, if it starts inside
---@field count_include_pad? boolean `true`; false: the mean is over the elements that are there

--- The mean of each window of [N, C, H, W] (or [C, H, W]).
---@param kernel_size integer|integer[]
---@param options? nn.AvgPoolOptions `{}`
---@return nn.Module
function nn.AvgPool2d(kernel_size, options) end
nn.AvgPool1d = nn.AvgPool2d -- of [N, C, L]
nn.AvgPool3d = nn.AvgPool2d -- of [N, C, D, H, W]

--- The same as a function.
---@param x nn.Tensor [N, C, H, W] or [C, H, W]
---@param kernel_size integer|integer[]
---@param options? nn.AvgPoolOptions `{}`
---@return nn.Tensor [N, C, H', W']
function nn.avg_pool2d(x, kernel_size, options) end
nn.avg_pool1d = nn.avg_pool2d -- of [N, C, L]
nn.avg_pool3d = nn.avg_pool2d -- of [N, C, D, H, W]

--- As many outputs as asked for: output i is the mean of elements floor(i n / out) … ceil((i + 1) n / out) - 1.
---@param output_size integer|(integer|false)[] false: as many as there are
---@return nn.Module
function nn.AdaptiveAvgPool2d(output_size) end
nn.AdaptiveAvgPool1d = nn.AdaptiveAvgPool2d -- of [N, C, L]
nn.AdaptiveAvgPool3d = nn.AdaptiveAvgPool2d -- of [N, C, D, H, W]
nn.AdaptiveMaxPool2d = nn.AdaptiveAvgPool2d -- the largest in place of the mean
nn.AdaptiveMaxPool1d = nn.AdaptiveAvgPool2d -- the largest, of [N, C, L]
nn.AdaptiveMaxPool3d = nn.AdaptiveAvgPool2d -- the largest, of [N, C, D, H, W]

--- The same as a function.
---@param x nn.Tensor [N, C, H, W] or [C, H, W]
---@param output_size integer|(integer|false)[] false: as many as there are
---@return nn.Tensor [N, C, output_size]
function nn.adaptive_avg_pool2d(x, output_size) end
nn.adaptive_avg_pool1d = nn.adaptive_avg_pool2d -- of [N, C, L]
nn.adaptive_avg_pool3d = nn.adaptive_avg_pool2d -- of [N, C, D, H, W]
nn.adaptive_max_pool2d = nn.adaptive_avg_pool2d -- the largest in place of the mean
nn.adaptive_max_pool1d = nn.adaptive_avg_pool2d -- the largest, of [N, C, L]
nn.adaptive_max_pool3d = nn.adaptive_avg_pool2d -- the largest, of [N, C, D, H, W]
