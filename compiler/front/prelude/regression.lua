-- regression.lua: losses of numbers against numbers, and of vectors against vectors (metric learning). Reductions as in
-- losses.lua.
local nn, core = ...
local loss = core.loss

-- Defines nn.<name>(x, y, options): each(x - y, options) per element
local function of_difference(name, known, each)
  nn[name] = function(x, y, options)
    options = loss.options("nn." .. name, options, known)
    x, y = loss.pair("nn." .. name, x, y)
    return loss.reduced(each(x - y, options, "nn." .. name), options.reduction)
  end
end

-- (x - y)^2
of_difference("mse_loss", {}, function(d) return d ^ 2 end)

-- |x - y|; the gradient at 0 is 0
of_difference("l1_loss", {}, function(d) return d:abs() end)

-- d^2 / (2 beta) where |d| < beta, else |d| - beta / 2 (Girshick 2015); beta 1
of_difference("smooth_l1_loss", { beta = "number" }, function(d, options, what)
  local beta, a = core.range(what, "beta", options.beta or 1.0, 0, math.huge, "at least 0"), d:abs()
  if beta == 0 then return a end
  return nn.where(a:lt(beta), d * d * (0.5 / beta), a - 0.5 * beta)
end)

-- d^2 / 2 where |d| <= delta, else delta (|d| - delta / 2) (Huber 1964); delta 1
of_difference("huber_loss", { delta = "number" }, function(d, options, what)
  local delta, a = core.range(what, "delta", options.delta or 1.0, 1e-300, math.huge, "above 0"), d:abs()
  return nn.where(a:le(delta), 0.5 * d * d, delta * (a - 0.5 * delta))
end)

-- q (y - x) where y >= x, else (1 - q) (x - y): least at the q-quantile (Koenker and Bassett 1978); q 0.5
of_difference("quantile_loss", { q = "number" }, function(d, options, what)
  local q = core.range(what, "q", options.q or 0.5, 0, 1, "between 0 and 1")
  return nn.where(d:le(0), -q * d, (1 - q) * d)
end)

-- log(cosh(x - y)) = d + log(1 + exp(-2 d)) - log 2, without overflow on either side
of_difference("log_cosh_loss", {}, function(d) return d - nn.logsigmoid(2 * d) - math.log(2) end)

---@class nn.GaussianNllOptions: nn.LossOptions
---@field full? boolean `false`; true adds log(2 pi) / 2
---@field eps? number `1e-6`: the least variance

--- (log max(var, eps) + (x - y)^2 / max(var, eps)) / 2 (Nix and Weigend 1994). The gradient passes where var is raised to eps, as in PyTorch.
---@param x nn.Tensor means [..]
---@param y nn.Tensor [..]
---@param var nn.Tensor variances, broadcast to x
---@param options? nn.GaussianNllOptions `{}`
---@return nn.Tensor
function nn.gaussian_nll_loss(x, y, var, options)
  local what = "nn.gaussian_nll_loss"
  options = loss.options(what, options, { full = "boolean", eps = "number" })
  x, y = loss.pair(what, x, y)
  var = core.as_float(core.factor(what, "var", core.tensor(what, var), x.shape))
  local least = nn.stop_gradient(var)
  var = var + nn.stop_gradient(nn.maximum(least, options.eps or 1e-6) - least)
  local l = 0.5 * (var:log() + (x - y) ^ 2 / var)
  return loss.reduced(options.full and l + 0.5 * math.log(2 * math.pi) or l, options.reduction)
end

---@class nn.PoissonNllOptions: nn.LossOptions
---@field log_input? boolean `true`: x are logarithms
---@field full? boolean `false`; true adds Stirling's y log y - y + log(2 pi y) / 2 where y > 1
---@field eps? number `1e-8`

--- exp(x) - y x, or x - y log(x + eps) where x are no logarithms.
---@param x nn.Tensor log-rates [..]
---@param y nn.Tensor counts [..]
---@param options? nn.PoissonNllOptions `{}`
---@return nn.Tensor
function nn.poisson_nll_loss(x, y, options)
  local what = "nn.poisson_nll_loss"
  options = loss.options(what, options, { log_input = "boolean", full = "boolean", eps = "number" })
  x, y = loss.pair(what, x, y)
  local l = options.log_input == false and x - y * (x + (options.eps or 1e-8)):log() or x:exp() - y * x
  if options.full then
    local large = y:gt(1)
    local z = nn.where(large, y, 2.0)
    l = l + nn.where(large, z * z:log() - z + 0.5 * (2 * math.pi * z):log(), 0.0)
  end
  return loss.reduced(l, options.reduction)
end

-- ---- vectors: x and y [.., D] ----

--- x divided by max(norm of x along dim, eps).
---@param x nn.Tensor [..]
---@param dim? integer `-1`
---@param eps? number `1e-12`
---@return nn.Tensor [..]
function core.methods.normalize(x, dim, eps)
  x, dim = core.as_float(core.tensor("normalize", x)), core.dimension("normalize", x, dim, -1)
  eps = core.range("normalize", "eps", eps or 1e-12, 1e-300, math.huge, "above 0")
  local square = (x * x):sum(dim, true)
  local large = square:gt(eps ^ 2) -- the root of 0 has no derivative
  return x * nn.where(large, nn.where(large, square, 1.0):rsqrt(), 1 / eps)
end
nn.normalize = core.methods.normalize

--- The cosine of the angle between x and y along dim: x . y / (max(|x|, eps) max(|y|, eps)).
---@param x nn.Tensor [..]
---@param y nn.Tensor [..]
---@param dim? integer `-1`
---@param eps? number `1e-8`
---@return nn.Tensor
function nn.cosine_similarity(x, y, dim, eps)
  local what = "nn.cosine_similarity"
  x, y = loss.pair(what, x, y)
  dim, eps = core.dimension(what, x, dim, -1), core.range(what, "eps", eps or 1e-8, 1e-300, math.huge, "above 0")
  return (x:normalize(dim, eps) * y:normalize(dim, eps)):sum(dim)
end

--- The p-norm of x - y + eps along the last dimension. Its derivatives are 0 where it is 0, and for p below 2 by elements that are 0, as the first one of PyTorch is.
---@param x nn.Tensor [.., D]
---@param y nn.Tensor [.., D]
---@param p? number `2`; above 0. With math.huge the largest element counts, of equal ones the first (PyTorch shares the gradient among them)
---@param eps? number `1e-6`
---@return nn.Tensor [..]
function nn.pairwise_distance(x, y, p, eps)
  x, y = loss.pair("nn.pairwise_distance", x, y)
  local d = x - y + core.number("nn.pairwise_distance", "eps", eps, 1e-6)
  if p == nil or p == 2 then return core.root((d * d):sum(-1)) end
  core.range("nn.pairwise_distance", "p", p, 1e-3, math.huge, "above 0")
  if p == 1 then return d:abs():sum(-1) end
  if p == math.huge then return d:abs():max(-1) end
  local powers = core.unless_zero(d:abs(), function(a) return a ^ p end)
  return core.unless_zero(powers:sum(-1), function(s) return s ^ (1 / p) end)
end

---@class nn.TripletOptions: nn.MarginOptions
---@field p? number `2`: of the distance, nn.pairwise_distance
---@field eps? number `1e-6`
---@field swap? boolean `false`; true: the nearer of anchor and positive to the negative counts

--- max(0, margin + d(anchor, positive) - d(anchor, negative)) (Balntas et al. 2016).
---@param anchor nn.Tensor [.., D]
---@param positive nn.Tensor [.., D]
---@param negative nn.Tensor [.., D]
---@param options? nn.TripletOptions `{}`
---@return nn.Tensor
function nn.triplet_margin_loss(anchor, positive, negative, options)
  local what = "nn.triplet_margin_loss"
  options = loss.options(what, options, { margin = "number", p = "number", eps = "number", swap = "boolean" })
  if options.p then core.range(what, "p", options.p, 1e-3, math.huge, "above 0") end
  loss.pair(what, anchor, positive)
  loss.pair(what, anchor, negative)
  local near = nn.pairwise_distance(anchor, positive, options.p, options.eps)
  local far = nn.pairwise_distance(anchor, negative, options.p, options.eps)
  if options.swap then far = nn.minimum(far, nn.pairwise_distance(positive, negative, options.p, options.eps)) end
  return loss.reduced(nn.relu((options.margin or 1) + near - far), options.reduction)
end

local function signs(what, x, y)
  core.tensor(what, y)
  local fits = y.rank == x.rank - 1
  for d = 1, y.rank do fits = fits and y.shape[d] == x.shape[d] end
  if not fits then core.fail("loss_shapes", what, core.tensor_text(x), core.tensor_text(y)) end
  return y
end

---@class nn.CosineEmbeddingOptions: nn.LossOptions
---@field margin? number `0`

--- 1 - cos(x1, x2) where y = 1, max(0, cos(x1, x2) - margin) where y = -1; 1e-12 is added to the squared norms.
---@param x1 nn.Tensor [.., D]
---@param x2 nn.Tensor [.., D]
---@param y nn.Tensor [..], 1 or -1
---@param options? nn.CosineEmbeddingOptions `{}`
---@return nn.Tensor
function nn.cosine_embedding_loss(x1, x2, y, options)
  local what = "nn.cosine_embedding_loss"
  options = loss.options(what, options, { margin = "number" })
  x1, x2 = loss.pair(what, x1, x2)
  signs(what, x1, y)
  local cosine = (x1 * x2):sum(-1) / (((x1 * x1):sum(-1) + 1e-12) * ((x2 * x2):sum(-1) + 1e-12)):sqrt()
  local l = nn.where(y:gt(0), 1 - cosine, nn.relu(cosine - (options.margin or 0.0)))
  return loss.reduced(l, options.reduction)
end

--- d^2 / 2 where y = 1 (alike), max(0, margin - d)^2 / 2 where y = 0, d the distance (Hadsell et al. 2006, eq. 4, whose Y is 1 - y).
---@param x1 nn.Tensor [.., D]
---@param x2 nn.Tensor [.., D]
---@param y nn.Tensor [..], 1 or 0
---@param options? nn.MarginOptions `{}`
---@return nn.Tensor
function nn.contrastive_loss(x1, x2, y, options)
  local what = "nn.contrastive_loss"
  options = loss.options(what, options, { margin = "number" })
  x1, x2 = loss.pair(what, x1, x2)
  signs(what, x1, y)
  local square = ((x1 - x2) ^ 2):sum(-1)
  local gap = nn.relu((options.margin or 1.0) - core.root(square))
  return loss.reduced(0.5 * nn.where(y:gt(0), square, gap * gap), options.reduction)
end

-- Both views as unit rows, the temperature, and the options of the cross-entropy
local function views(what, x1, x2, options, temperature)
  options = loss.options(what, options, { temperature = "number" })
  x1, x2 = loss.pair(what, x1, x2)
  if x1.rank ~= 2 then core.fail("layer_input", what, "rows [B, D]", core.tensor_text(x1)) end
  temperature = core.range(what, "temperature", options.temperature or temperature, 1e-300, math.huge, "above 0")
  return x1:normalize(), x2:normalize(), temperature, { reduction = options.reduction }
end

---@class nn.InfoNceOptions: nn.LossOptions
---@field temperature? number `0.1`, above 0

--- Cross-entropy of the cosines of each query with every key over the temperature; row i's key is its own (van den Oord et al. 2018, eq. 4).
---@param query nn.Tensor [B, D]
---@param key nn.Tensor [B, D]
---@param options? nn.InfoNceOptions `{}`
---@return nn.Tensor
function nn.info_nce_loss(query, key, options)
  local unit, other, temperature, reduction = views("nn.info_nce_loss", query, key, options, 0.1)
  return nn.cross_entropy(unit:matmul(other:transpose(1, 2)) / temperature, nn.iota(query.shape[1]), reduction)
end

---@class nn.NtXentOptions: nn.LossOptions
---@field temperature? number `0.5`, above 0

--- The same among all 2 B rows of both views, a row not being compared with itself (SimCLR: Chen et al. 2020, eq. 1).
---@param x1 nn.Tensor [B, D]
---@param x2 nn.Tensor [B, D]
---@param options? nn.NtXentOptions `{}`
---@return nn.Tensor
function nn.nt_xent_loss(x1, x2, options)
  local unit, other, temperature, reduction = views("nn.nt_xent_loss", x1, x2, options, 0.5)
  local n, z = 2 * x1.shape[1], nn.concat({ unit, other }, 1)
  local row = nn.iota(n)
  local scores = nn.where(row:eq(row:reshape { n, 1 }), -math.huge, z:matmul(z:transpose(1, 2)) / temperature)
  return nn.cross_entropy(scores, (row + n // 2) % n, reduction)
end
