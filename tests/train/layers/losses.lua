-- losses.lua: losses with first and second derivatives, and metrics (tests/oracle/library/losses.py).
local nn = require "nn"
local formula, cases = require "formula", require "cases"
local project = formula.project
local function tensor(t, shape, bound, plus) return formula.tensor(t, shape, bound) + (plus or 0) end

-- f(inputs…) with inputs { { number, shape, bound, plus } … }
local function loss(name, f, ...)
  local given = { ... }
  cases.add(name, function()
    local inputs = {}
    for i, of in ipairs(given) do inputs[i] = tensor(of[1], of[2], of[3], of[4]) end
    return f(table.unpack(inputs)), inputs
  end)
end

-- ---- classes ----
local Y = nn.constant({ 0, 4, 2, 2, 1, 3 }, "i32")
local ignoring = nn.constant({ 0, 4, -100, 2, -100, 3 }, "i32")
local weight = { 0.5, 2.0, 1.0, 0.25, 1.5 }
local scores = { 5, { 6, 5 }, 4 }
local options = {
  [""] = {}, _smooth = { label_smoothing = 0.1 }, _weight = { weight = weight }, _both = { weight = weight, label_smoothing = 0.1 },
  _sum = { reduction = "sum", weight = weight }, _none = { reduction = "none", label_smoothing = 0.3 },
}
for name, o in pairs(options) do
  local with, plain = { ignore_index = -100 }, { ignore_index = -100 }
  for key, value in pairs(o) do
    with[key] = value
    if key ~= "label_smoothing" then plain[key] = value end
  end
  loss("cross_entropy" .. name, function(z) return nn.cross_entropy(z, Y, o) end, scores)
  loss("cross_entropy_ignore" .. name, function(z) return nn.cross_entropy(z, ignoring, with) end, scores)
  loss("nll" .. name, function(z) return nn.nll_loss(z:log_softmax(), ignoring, plain) end, scores)
end
cases.add("cross_entropy_soft", function()
  local z, p = tensor(5, { 6, 5 }, 4), tensor(6, { 6, 5 }):softmax()
  return nn.cross_entropy(z, p, { weight = nn.constant(weight), label_smoothing = 0.1 }), { z, p }
end)
loss("cross_entropy_image", function(z) return nn.cross_entropy(z, (nn.iota(40) % 3):reshape { 2, 4, 5 }, { dim = 2 }) end, { 7, { 2, 3, 4, 5 }, 3 })
loss("multi_margin", function(z) return nn.multi_margin_loss(z, Y) end, scores)
loss("multi_margin_p2", function(z) return nn.multi_margin_loss(z, Y, { p = 2, margin = 0.7 }) end, scores)
loss("multi_margin_weight", function(z) return nn.multi_margin_loss(z, Y, { weight = weight, reduction = "sum" }) end, scores)
local far = { 8, { 3, 5 }, 1e4 }
loss("cross_entropy_far", function(z) return nn.cross_entropy(z, nn.constant({ 0, 1, 4 }, "i32"), { label_smoothing = 0.1 }) end, far)

-- ---- binary ----
local bce, bce_logits = nn.binary_cross_entropy, nn.binary_cross_entropy_with_logits
local x, y, p = { 5, { 4, 3 }, 4 }, { 6, { 4, 3 }, 0.5, 0.5 }, { 9, { 4, 3 }, 0.49, 0.5 }
local target = tensor(6, { 4, 3 }, 0.5, 0.5)
local w, pos = tensor(7, { 3 }, 0.5, 1), tensor(8, { 3 }, 0.5, 1)
loss("bce_logits_far", function(z) return bce_logits(z, tensor(9, { 3, 5 }, 0.5, 0.5)) end, far)
loss("bce", bce, p, y)
loss("bce_weight", function(v) return bce(v, target, { weight = w, reduction = "sum" }) end, p)
loss("bce_logits", bce_logits, x, y)
loss("bce_logits_weight", function(v) return bce_logits(v, target, { weight = w, pos_weight = pos, reduction = "none" }) end, x)
cases.add("bce_logits_zero", function()
  local zero = nn.zeros { 1, 3 }
  return bce_logits(zero, nn.constant { { 0.0, 1.0, 0.3 } }), { zero }
end)
cases.add("bce_cut", function() return { y = bce(nn.constant { 0.0, 1.0, 0.0, 1.0 }, nn.constant { 0.0, 1.0, 1.0, 0.25 }) } end)

-- ---- numbers ----
local a, b, v = { 5, { 4, 3 }, 2 }, { 6, { 4, 3 }, 2 }, { 7, { 4, 3 }, 0.4, 0.5 }
local counts = nn.constant { { 0.0, 1.0, 2.0 }, { 3.0, 0.0, 7.0 }, { 1.0, 1.0, 4.0 }, { 2.0, 9.0, 0.0 } }
loss("mse", function(s, q) return nn.mse_loss(s, q, { reduction = "sum" }) end, a, b)
loss("l1", nn.l1_loss, a, b)
loss("smooth_l1", function(s, q) return nn.smooth_l1_loss(s, q, { beta = 0.7 }) end, a, b)
loss("huber", function(s, q) return nn.huber_loss(s, q, { delta = 0.7 }) end, a, b)
loss("quantile", function(s, q) return nn.quantile_loss(s, q, { q = 0.3 }) end, a, b)
loss("log_cosh", nn.log_cosh_loss, a, b)
local c, d = { 8, { 3, 1, 5 }, 3 }, { 9, { 3, 1, 5 }, 3 }
local function reduced(name, f, options, ...)
  loss(name, function(s, q) return f(s, q, options) end, ...)
end
reduced("mse_none", nn.mse_loss, { reduction = "none" }, c, d)
reduced("l1_sum", nn.l1_loss, { reduction = "sum" }, c, d)
reduced("smooth_l1_plain", nn.smooth_l1_loss, { reduction = "none" }, c, d)
reduced("huber_sum", nn.huber_loss, { reduction = "sum" }, c, d)
reduced("quantile_none", nn.quantile_loss, { q = 0.9, reduction = "none" }, c, d)
reduced("log_cosh_sum", nn.log_cosh_loss, { reduction = "sum" }, c, d)
cases.add("log_cosh_far", function() return { y = nn.log_cosh_loss(nn.constant { 1e5, -1e5 }, nn.zeros { 2 }) } end)
loss("gaussian_nll", nn.gaussian_nll_loss, a, b, v)
loss("gaussian_nll_full", function(s, q, u) return nn.gaussian_nll_loss(s, q, u, { full = true, eps = 0.5, reduction = "none" }) end, a, b, v)
loss("poisson_nll", function(s) return nn.poisson_nll_loss(s, counts, { full = true }) end, a)
loss("poisson_nll_rate", function(s) return nn.poisson_nll_loss(s, counts, { log_input = false, reduction = "sum" }) end, { 8, { 4, 3 }, 0.9, 1 })
local function divergence(name, o, log_target)
  cases.add(name, function()
    local q, t = tensor(9, { 4, 5 }):log_softmax(), tensor(10, { 4, 5 }):softmax()
    if log_target then t = t:log() end
    return nn.kl_div(q, t, o), { q, t }
  end)
end
divergence("kl_div")
divergence("kl_div_batch", { reduction = "batchmean" })
divergence("kl_div_log", { log_target = true, reduction = "sum" }, true)
cases.add("kl_div_zero", function() return { y = nn.kl_div(nn.constant { -1.0, -2.0 }, nn.constant { 0.0, 1.0 }, { reduction = "sum" }) } end)

-- ---- overlaps ----
local mask = nn.where(tensor(6, { 3, 2, 4 }):gt(0), 1.0, 0.0)
local part = { 5, { 3, 2, 4 }, 0.5, 0.5 }
loss("dice", function(s) return nn.dice_loss(s, mask) end, part)
loss("dice_squared", function(s) return nn.dice_loss(s, mask, { squared = true, smooth = 0.1, reduction = "none" }) end, part)
loss("iou_loss_sum", function(s) return nn.iou_loss(s, mask, { smooth = 0.5, reduction = "sum" }) end, part)
loss("iou_loss", function(s) return nn.iou_loss(s, mask) end, part)

-- ---- vectors ----
local one, two, three = { 5, { 4, 6 } }, { 6, { 4, 6 } }, { 7, { 4, 6 } }
local triplet = nn.triplet_margin_loss
loss("triplet", triplet, one, two, three)
loss("triplet_swap", function(s, q, u) return triplet(s, q, u, { margin = 3, swap = true }) end, one, two, three)
loss("triplet_p1", function(s, q, u) return triplet(s, q, u, { margin = 9, p = 1 }) end, one, two, three)
loss("triplet_p3", function(s, q, u) return triplet(s, q, u, { margin = 9, p = 3 }) end, one, two, three)
loss("cosine_embedding", function(s, q) return nn.cosine_embedding_loss(s, q, nn.constant { 1.0, -1.0, -1.0, 1.0 }, { margin = -0.9 }) end, one, two)
loss("cosine_similarity", function(s, q) return nn.cosine_similarity(s, q) end, one, two)
loss("normalize", function(s) return s:normalize() end, one)
loss("contrastive", function(s, q) return nn.contrastive_loss(s, q, nn.constant { 1.0, 0.0, 0.0, 1.0 }, { margin = 3 }) end, one, two)
local u, v = { 8, { 3, 2, 5 } }, { 9, { 3, 2, 5 } }
local signs = nn.constant { 1.0, -1.0, 1.0 }
local function first(f, options) -- of the first of both rows
  return function(s, q) return f(s:select(2, 1), q:select(2, 1), options) end
end
loss("pairwise", nn.pairwise_distance, u, v)
loss("pairwise_p1", function(s, q) return nn.pairwise_distance(s, q, 1, 0) end, u, v)
loss("pairwise_p3", function(s, q) return nn.pairwise_distance(s, q, 3, 0.1) end, u, v)
loss("cosine_embedding_sum", function(s, q)
  return nn.cosine_embedding_loss(s:select(2, 1), q:select(2, 1), signs, { margin = 0.2, reduction = "sum" })
end, u, v)
loss("cosine_similarity_first", function(s, q) return nn.cosine_similarity(s, q, 1) end, u, v)
loss("normalize_middle", function(s) return nn.normalize(s, 2) end, u)
loss("contrastive_none", function(s, q)
  return nn.contrastive_loss(s, q, nn.constant { { 1.0, 0.0 }, { 0.0, 0.0 }, { 1.0, 1.0 } }, { reduction = "none" })
end, u, v)
loss("hinge_sum", function(s) return nn.hinge_loss(s, signs:reshape({ 3, 1, 1 }):broadcast { 3, 2, 5 }, { reduction = "sum" }) end, u)
loss("info_nce_none", first(nn.info_nce_loss, { reduction = "none" }), u, v)
loss("nt_xent_none", first(nn.nt_xent_loss, { temperature = 0.7, reduction = "none" }), u, v)
local sign = nn.constant({ 1.0, -1.0, 1.0, -1.0 }):reshape { 4, 1 }
loss("hinge", function(s) return nn.hinge_loss(s, sign:broadcast { 4, 6 }, { margin = 0.6 }) end, one)
loss("info_nce", function(s, q) return nn.info_nce_loss(s, q, { temperature = 0.2 }) end, one, two)
loss("nt_xent", nn.nt_xent_loss, one, two)

-- ---- metrics ----
local function metrics(rows, classes, length)
  local s, list = tensor(5, { rows, classes }), {}
  for i = 0, rows - 1 do list[i + 1] = (i * i + i // 3) % (classes - 1) end
  local labels, guess = nn.constant(list, "i32"), s:argmax(-1)
  local q, truth = tensor(6, { length, 2 }), tensor(7, { length, 2 })
  local out = {
    accuracy = nn.accuracy(s, labels), top2 = nn.top_k_accuracy(s, labels, 2), confusion = project(nn.confusion_matrix(s, labels), 50),
    precision_micro = nn.precision(s, labels, { average = "micro" }), iou_micro = nn.iou(guess, labels, { average = "micro", classes = classes }),
    perplexity = nn.perplexity(s, labels), mae = nn.mae(q, truth), rmse = nn.rmse(q, truth), r2 = nn.r2_score(q, truth),
  }
  for name, f in pairs { precision = nn.precision, recall = nn.recall, f1 = nn.f1_score, iou = nn.iou } do
    out[name .. "_macro"] = f(s, labels)
    out[name .. "_none"] = project(f(s, labels, { average = "none" }), 50)
  end
  return out
end
cases.add("metrics", function() return metrics(40, 5, 7) end)
cases.add("metrics_odd", function() return metrics(13, 3, 5) end)

return cases.program("losses")
