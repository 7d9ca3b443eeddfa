-- corners.lua: values, first and second derivatives where a formula has none that is finite, or a choice among several (tests/oracle/library/corners.py).
-- Every row of docs/from-pytorch.md that speaks of a gradient at a point stands here or, as an activation's kink, in activations.lua.
local nn = require "nn"
local cases = require "cases"
local INF = math.huge

-- The values lie in buffers: constants would be computed by nnc, and not by the program.
local function corner(name, f, ...)
  local inputs = {}
  for i, values in ipairs { ... } do
    local given = nn.constant(values)
    inputs[i] = nn.buffer(given.shape, given)
  end
  cases.add(name, function() return f(table.unpack(inputs)), inputs end)
end

corner("norm_zero", function(x) return x:norm():reshape { 1 } end, { 0.0, -0.0, 0.0 })
corner("norm_rows", function(x) return x:norm(2) end, { { 0.0, 2.0 }, { 3.0, -4.0 } })
corner("norm_row_zero", function(x) return x:norm(2) end, { { 0.0, 0.0 }, { 3.0, 4.0 } })
local rows = { { 0.0, 0.0 }, { 3.0, -4.0 }, { 0.0, -2.0 } }
corner("norm_one", function(x) return x:abs():sum(2) end, rows)
corner("norm_most", function(x) return x:abs():max(2) end, rows)
corner("abs", nn.abs, { 0.0, -0.0, 1.0, -2.0 })
corner("sqrt", nn.sqrt, { 0.0, 4.0 })
corner("rsqrt", nn.rsqrt, { 0.0, 4.0 })
corner("log", nn.log, { 0.0, 4.0 })
local spread = { { 1.0, 1.0, 1.0 }, { 1.0, 2.0, 4.0 } }
corner("var", function(x) return x:var(2, false, true) end, spread)
corner("var_biased", function(x) return x:var(1) end, spread)
local bounds = { 0.0, 1.0, -1.0, 2.0, 0.5 }
corner("hardtanh", function(x) return x:hardtanh(0.0, 1.0) end, bounds)
corner("clamp", function(x) return x:hardtanh(0.0, 1.0) end, bounds)
corner("relu", nn.relu, { 0.0, -0.0, 1.0 })
corner("maximum", nn.maximum, { 0.0, 1.0, 2.0 }, { 0.0, 2.0, 1.0 })
corner("minimum", nn.minimum, { 0.0, 1.0, 2.0 }, { 0.0, 2.0, 1.0 })
corner("max", function(x) return x:max(2) end, { { 1.0, 1.0, 0.0 }, { 2.0, 3.0, 3.0 } })
corner("min", function(x) return x:min(1) end, { { 1.0, 1.0, 0.0 }, { 2.0, 1.0, 0.0 } })
local zeros = { { 0.0, 2.0, 3.0 }, { 0.0, 0.0, 3.0 }, { 1.0, 2.0, 3.0 } }
corner("prod", function(x) return x:prod(2) end, zeros)
corner("cumprod", function(x) return x:cumprod(2) end, zeros)
corner("square", function(x) return x ^ 2 end, { 0.0, -1.0, -0.0 })
corner("root", function(x) return x ^ 0.5 end, { 0.0, 4.0 })
corner("power_zero", function(x) return x ^ 0.0 end, { 0.0, 2.0 })
corner("power_one", function(x) return x ^ 1.0 end, { 0.0, -2.0 })
corner("pow", nn.pow, { 0.0, 0.0, 0.0, 2.0 }, { 0.0, 1.0, 2.0, 0.0 })
corner("modulus", nn.mod, { 4.0, -4.0, 5.0 }, { 2.0, 2.0, -2.5 })

local first, second = { { 0.0, 0.0 }, { 3.0, 4.0 }, { 0.0, 0.0 } }, { { 1.0, 2.0 }, { 0.0, 0.0 }, { 0.0, 0.0 } }
corner("cosine_zero", nn.cosine_similarity, first, second)
corner("normalize_zero", function(x) return x:normalize(2, 1e-3) end, { { 0.0, 0.0 }, { 3.0, 4.0 } })
corner("normalize_small", function(x) return x:normalize(2, 1e-3) end, { { 3e-4, 4e-4 }, { 3.0, 4.0 } })
corner("pairwise", function(x, y) return nn.pairwise_distance(x, y, 2, 1e-3) end, { { 1.0, 2.0 }, { 3.0, 4.0 } }, { { 1.0, 2.0 }, { 0.0, 1.0 } })
corner("pairwise_equal", function(x, y) return nn.pairwise_distance(x, y, 2, 0) end, { { 1.0, 2.0 }, { 3.0, 4.0 } }, { { 1.0, 2.0 }, { 3.0, 4.0 } })
corner("pairwise_p1", function(x, y) return nn.pairwise_distance(x, y, 1, 0) end, { { 1.0, 2.0 }, { 3.0, 4.0 } }, { { 1.0, 2.0 }, { 3.0, 1.0 } })
for name, p in pairs { p3 = 3, p15 = 1.5, p05 = 0.5, most = INF } do
  corner("pairwise_" .. name, function(x, y) return nn.pairwise_distance(x, y, p, 0) end, { { 1.0, 2.0 }, { 3.0, 5.0 } }, { { 1.0, 2.0 }, { 3.0, 1.0 } })
end
local part = { { -INF, 1.0 }, { 0.0, 1.0 } }
corner("logsumexp_part", nn.logsumexp, part)
corner("softmax_part", nn.softmax, part)
corner("layer_norm_equal", function(x) return nn.layer_norm(x, { 3 }) end, { { 1.0, 1.0, 1.0 }, { 0.0, 0.0, 0.0 } })
corner("rms_norm_zero", function(x) return nn.rms_norm(x, { 3 }, nil, 1e-4) end, { { 1.0, 1.0, 1.0 }, { 0.0, 0.0, 0.0 } })

local none, five = { reduction = "none" }, { 0.0, 0.0, 0.0, 0.0, 0.0 }
local function loss(name, f, options, ...)
  options.reduction = "none"
  local count = select("#", ...)
  corner(name, function(x, y, z) return count == 3 and f(x, y, z, options) or f(x, y, options) end, ...)
end
loss("l1", nn.l1_loss, {}, { 0.0, 1.0, -2.0 }, { 0.0, 1.0, 1.0 })
loss("huber", nn.huber_loss, { delta = 0.5 }, { 0.0, 0.5, -0.5, 1.0, -1.0 }, five)
loss("smooth_l1", nn.smooth_l1_loss, { beta = 0.5 }, { 0.0, 0.5, -0.5, 1.0, -1.0 }, five)
loss("triplet_equal", nn.triplet_margin_loss, { eps = 0 }, { { 1.0, 2.0 }, { 1.0, 2.0 } }, { { 1.0, 2.0 }, { 1.0, 3.0 } }, { { 1.0, 2.0 }, { 1.0, 4.0 } })
corner("multi_margin", function(x) return nn.multi_margin_loss(x, nn.constant { 0, 1 }, none) end, { { 1.0, 0.0, 3.0 }, { 1.0, 1.0, 0.0 } })
corner("bce", function(x) return nn.binary_cross_entropy(x, nn.constant { 0.0, 1.0, 1.0, 0.25, 0.25 }, none) end, { 0.0, 1.0, 0.0, 1.0, 0.5 })
corner("gaussian_nll", function(x, v) return nn.gaussian_nll_loss(x, nn.zeros { 3 }, v, { eps = 0.5, reduction = "none" }) end, { 1.0, 1.0, 2.0 }, { 0.5, 0.25, 1.0 })
corner("cosine_embedding_zero", function(x, y) return nn.cosine_embedding_loss(x, y, nn.constant { 1.0, -1.0, -1.0 }, none) end,
  { { 0.0, 0.0 }, { 1.0, 0.0 }, { 0.0, 0.0 } }, { { 1.0, 2.0 }, { 0.0, 1.0 }, { 1.0, 1.0 } })
corner("magnitude_silent", function(x) return nn.spectrogram(x, { n_fft = 8, hop_length = 8, center = false, power = 1 }) end,
  { 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, -2.0, 0.5, 3.0, -1.0, 0.25, 2.0, 1.5 })
corner("prelu", nn.prelu, { 0.0, -1.0, 1.0 }, { 0.3 })
corner("sort", function(x) return (x:sort(1)) end, { 1.0, 0.0, 1.0, 0.0 })

for name, row in pairs { none = { -INF, -INF }, one = { INF, 1.0 } } do
  local given = nn.buffer({ 2 }, nn.constant(row))
  cases.add("logsumexp_" .. name, function() return { y = nn.logsumexp(given) } end)
  if name == "none" then cases.add("softmax_none", function() return { y = nn.softmax(given):sum() } end) end
end

return cases.program("corners", {})
