-- clip.lua: gradients bounded by value, by their common norm, or by the norms of what they change. Each takes and gives a
-- list; nn.train's clip_value, clip_adaptive and clip_norm call them, in this order.
local nn, core = ...

local function tensors(what, list)
  if type(list) ~= "table" or core.kind(list) then core.fail("list_wanted", what, core.what(list)) end
  local copy = {}
  for _, g in ipairs(list) do copy[#copy + 1] = core.tensor(what, g) end
  if #copy == 0 then core.fail("list_wanted", what, "an empty list") end
  return copy
end

--- Rescales all gradients together so that their common norm is at most `most` (Pascanu et al. 2013), by min(1, most / (norm + 1e-6)) as torch.nn.utils.clip_grad_norm_.
---@param gradients nn.Tensor[]
---@param most number above 0
---@return nn.Tensor[] clipped
---@return nn.Tensor norm before clipping
function nn.clip_grad_norm(gradients, most)
  core.range("nn.clip_grad_norm", "the norm", most, 1e-30, math.huge, "above 0")
  local list, total = tensors("nn.clip_grad_norm", gradients), nil
  for _, g in ipairs(list) do
    local wide = core.wide(g)
    local square = (wide * wide):sum()
    total = total and total + square or square
  end
  local scale = nn.minimum(most / (total:sqrt() + 1e-6), 1)
  for i, g in ipairs(list) do list[i] = (core.wide(g) * scale):cast(g.dtype) end
  return list, total:sqrt()
end

--- Each element between -most and most.
---@param gradients nn.Tensor[]
---@param most number above 0
---@return nn.Tensor[] clipped
function nn.clip_grad_value(gradients, most)
  core.range("nn.clip_grad_value", "the value", most, 1e-30, math.huge, "above 0")
  local list = tensors("nn.clip_grad_value", gradients)
  for i, g in ipairs(list) do list[i] = nn.maximum(nn.minimum(g, most), -most) end
  return list
end

-- Norms of the units of x, kept for broadcasting: a unit is what one output sees, x[o, …]; a vector is one unit.
local function unit_norms(x)
  local dims = {}
  for d = x.rank > 1 and 2 or 1, x.rank do dims[#dims + 1] = d end
  local wide = core.wide(x)
  return (wide * wide):sum(dims, true):sqrt()
end

--- Each unit's gradient has at most `clipping` times the norm of the unit's weights, which counts as at least eps
--- (Brock et al. 2021, eq. 3).
---@param gradients nn.Tensor[]
---@param parameters nn.Tensor[] in the same order
---@param clipping number such as 0.01
---@param eps? number `1e-3`
---@return nn.Tensor[] clipped
function nn.clip_grad_adaptive(gradients, parameters, clipping, eps)
  core.range("nn.clip_grad_adaptive", "clipping", clipping, 1e-30, math.huge, "above 0")
  eps = core.number("nn.clip_grad_adaptive", "eps", eps, 1e-3)
  local list, weights = tensors("nn.clip_grad_adaptive", gradients), tensors("nn.clip_grad_adaptive", parameters)
  if #list ~= #weights then core.fail("optimizer_gradients", "nn.clip_grad_adaptive", #list, #weights) end
  for i, g in ipairs(list) do
    local norm, most = unit_norms(g), clipping * nn.maximum(unit_norms(weights[i]), eps)
    list[i] = nn.where(norm:lt(most), g, g * (most / nn.maximum(norm, 1e-6))):cast(g.dtype)
  end
  return list
end
