---@meta
-- dropout.d.lua: what dropout.lua makes for one, two and three dimensions.

--- Dropout of whole channels of [B, C, H, W] (Tompson et al. 2015): kept with probability 1 - p and then divided by it.
---@param p? number `0.5`, at least 0 and below 1
---@return nn.Module
function nn.Dropout2d(p) end
nn.Dropout1d = nn.Dropout2d -- of [B, C, L]
nn.Dropout3d = nn.Dropout2d -- of [B, C, D, H, W]
