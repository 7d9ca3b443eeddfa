---@meta
-- norm.d.lua: what norm.lua makes for one, two and three dimensions.

---@class nn.BatchNormOptions
---@field eps? number `1e-5`, at least 0
---@field momentum? number|false `0.1`, 0 to 1; false: the mean of all batches (PyTorch's None)
---@field affine? boolean `true`; false: no weight and bias
---@field track_running_stats? boolean `true`; false: the batch's statistics in evaluation too
---@field dtype? string `--float`

--- Batch normalisation of [B, C, H, W] (Ioffe and Szegedy 2015): by the batch's statistics in training, by the running ones in evaluation; the running variance is the
--- unbiased one. States: `weight` (1), `bias` (0), `running_mean` (0), `running_var` (1), all [C], and `num_batches_tracked` i64 []. Training needs more than one value a channel.
---@param channels integer C
---@param options? nn.BatchNormOptions `{}`
---@return nn.Module
function nn.BatchNorm2d(channels, options) end
nn.BatchNorm1d = nn.BatchNorm2d -- of [B, C] or [B, C, L]
nn.BatchNorm3d = nn.BatchNorm2d -- of [B, C, D, H, W]

---@class nn.InstanceNormOptions
---@field eps? number `1e-5`, at least 0
---@field momentum? number `0.1`, 0 to 1
---@field affine? boolean `false`
---@field track_running_stats? boolean `false`; true: running statistics in evaluation
---@field dtype? string `--float`

--- Instance normalisation of [B, C, H, W] (Ulyanov et al. 2016): by the statistics of each row and channel. States as of [`nn.BatchNorm2d`](#nn.BatchNorm2d), where asked for.
---@param channels integer C
---@param options? nn.InstanceNormOptions `{}`
---@return nn.Module
function nn.InstanceNorm2d(channels, options) end
nn.InstanceNorm1d = nn.InstanceNorm2d -- of [B, C, L]
nn.InstanceNorm3d = nn.InstanceNorm2d -- of [B, C, D, H, W]
