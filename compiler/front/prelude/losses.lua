-- losses.lua: losses. Each gives one number a row (or element) and then reduces it: reduction = "mean" (the default),
-- "sum" or "none". Options are the last argument, a table; names and formulas are PyTorch's where it has the loss.
-- Logits of any finite size give finite losses and gradients: exponentials are of numbers that are not above 0. Losses of
-- 16-bit tensors are computed, and given, in f32.
local nn, core = ...

local function logits(what, x)
  core.tensor(what, x)
  if x.rank < 1 or not core.is_float(x.dtype) then core.fail("layer_input", what, "scores [.., classes] of a float dtype", core.tensor_text(x)) end
  return core.wide(x)
end

-- Labels y [..] for scores x [.., classes]: whole numbers from 0
local function labels(what, x, y)
  core.tensor(what, y)
  if core.is_float(y.dtype) or y.dtype == "bool" then core.fail("labels_dtype", what, core.tensor_text(y)) end
  local fits = y.rank == x.rank - 1
  for d = 1, y.rank do fits = fits and y.shape[d] == x.shape[d] end
  if not fits then core.fail("loss_shapes", what, core.tensor_text(x), core.tensor_text(y)) end
  return y
end
core.check_logits, core.check_labels = logits, labels

local function unsqueeze(y)
  local shape = y.shape
  shape[#shape + 1] = 1
  return y:reshape(shape)
end

-- bool [.., classes]: is this class the row's label?
local function is_label(x, y) return nn.iota(x.shape[x.rank]):eq(unsqueeze(y)) end

local function pair(what, x, y)
  core.tensor(what, x)
  core.tensor(what, y)
  local fits = x.rank == y.rank
  for d = 1, x.rank do fits = fits and x.shape[d] == y.shape[d] end
  if not fits then core.fail("loss_shapes", what, core.tensor_text(x), core.tensor_text(y)) end
  return core.wide(core.as_float(x)), core.wide(core.as_float(y))
end
core.check_pair = pair

local function reduced(l, reduction)
  if reduction == nil or reduction == "mean" then return l:mean() end
  return reduction == "sum" and l:sum() or l
end
core.reduced = reduced

local reductions = { mean = true, sum = true, none = true }

-- The options of a loss: `reduction`, and those known. also: a reduction that this loss has besides
local function loss_options(what, options, known, also)
  known.reduction = "string"
  options = core.fields(what, options, known)
  local reduction = options.reduction
  if reduction and not reductions[reduction] and reduction ~= also then
    core.fail("mode_unknown", what .. "'s reduction", reduction, core.nearest(reduction, { "mean", "sum", "none", also }))
  end
  for name, kind in pairs(known) do
    if kind == "number" then core.number(what, name, options[name]) end -- NaN is no option
  end
  return options
end

-- ---- classes ----

-- The class dimension moved to the end: PyTorch has it second ([B, C, H, W]), this library last unless told.
local function classes_last(what, x, dim)
  dim = core.dimension(what, x, dim, -1)
  if dim == x.rank then return x end
  local order = {}
  for d = 1, x.rank do
    if d ~= dim then order[#order + 1] = d end
  end
  order[#order + 1] = dim
  return x:transpose(order)
end

-- Class weights [C], a tensor or a list of numbers; nil when there are none.
local function class_weights(what, x, weight)
  if weight == nil then return nil end
  if type(weight) == "table" and not core.kind(weight) then
    local classes = x.shape[x.rank]
    if #weight ~= classes then core.fail("layer_field", what, "weight", classes .. " numbers, one a class", "a list of " .. #weight) end
    weight = nn.constant(weight)
  end
  core.tensor(what, weight)
  if weight.rank ~= 1 or weight.shape[1] ~= x.shape[x.rank] then core.fail("loss_shapes", what, core.tensor_text(x), core.tensor_text(weight)) end
  return weight:cast(x.dtype)
end

-- The weight of each row, 0 where the label is to be ignored; nil when every row counts the same.
local function row_weights(weight, x, y, ignored)
  if weight then weight = weight:gather(1, y) end
  if not ignored then return weight end
  return nn.where(y:eq(ignored), 0.0, weight or nn.ones(y.shape, x.dtype))
end

local function weighted_reduction(l, w, reduction)
  if w and (reduction == nil or reduction == "mean") then return l:sum() / w:sum() end
  return reduced(l, reduction)
end

local class_options = { weight = "any", ignore_index = "number", label_smoothing = "number", dim = "number" }

-- Target distributions p, like x: - sum_c w_c p_c log q_c
local function cross_entropy_of_distribution(x, p, weight, options)
  local what, classes, smoothing = "nn.cross_entropy", x.shape[x.rank], options.label_smoothing or 0
  local _, same = pair(what, x, p)
  if options.ignore_index then core.fail("layer_input", what, "an ignore_index with labels, not with distributions", core.tensor_text(p)) end
  if smoothing > 0 then same = same * (1 - smoothing) + smoothing / classes end
  if weight then same = same * weight end
  return reduced(-(same * nn.log_softmax(x)):sum(-1), options.reduction)
end

---@class nn.LossOptions
---@field reduction? nn.Reduction `"mean"`

---@class nn.NllOptions: nn.LossOptions
---@field weight? nn.Tensor|number[] `nil` [C]: of the classes; "mean" divides by the sum of the rows' weights
---@field ignore_index? integer `nil`: every label counts (PyTorch: -100); rows with this label count nothing
---@field dim? integer `-1`, where the classes are (PyTorch: the second dimension)

---@class nn.CrossEntropyOptions: nn.NllOptions
---@field label_smoothing? number `0`, 0 to 1 (Szegedy et al. 2016): the target is 1 - e + e / C at the label and e / C elsewhere

-- The label's score is picked by selecting where class == y, so that an infinite score elsewhere stays out of it.
--- log(sum_c exp x_c) - x_y for scores before the softmax. The row's maximum is taken out first, outside the derivative (it cancels), so scores of any
--- finite size give finite losses and gradients. y may be distributions like x instead: - sum_c p_c log softmax(x)_c.
---@param x nn.Tensor scores [.., C], or with the classes at `dim`
---@param y nn.Tensor labels [..], whole numbers from 0, or distributions like x
---@param options? nn.CrossEntropyOptions `{}`
---@return nn.Tensor [] or, with reduction "none", [..]
function nn.cross_entropy(x, y, options)
  local what = "nn.cross_entropy"
  options = loss_options(what, options, class_options)
  local smoothing = core.range(what, "label_smoothing", options.label_smoothing or 0, 0, 1, "between 0 and 1")
  x = logits(what, x)
  core.tensor(what, y)
  x = core.wide(classes_last(what, x, options.dim))
  local weight = class_weights(what, x, options.weight)
  if core.is_float(y.dtype) and y.rank == x.rank then
    return cross_entropy_of_distribution(x, classes_last(what, y, options.dim), weight, options)
  end
  labels(what, x, y)
  local s = x - nn.stop_gradient(x:max(-1, true))
  local picked = nn.where(is_label(x, y), s, 0):sum(-1)
  local norm = s:exp():sum(-1):log()
  local l, w = norm - picked, row_weights(weight, x, y, options.ignore_index)
  if w then l = l * w end
  if smoothing > 0 then
    local each = unsqueeze(norm) - s -- - log q_c
    local even = (weight and each * weight or each):sum(-1)
    if options.ignore_index then even = nn.where(y:eq(options.ignore_index), 0.0, even) end
    l = l * (1 - smoothing) + even * (smoothing / x.shape[x.rank])
  end
  return weighted_reduction(l, w, options.reduction)
end

--- -x_y for log-probabilities x (of nn.log_softmax).
---@param x nn.Tensor log-probabilities [.., C], or with the classes at `dim`
---@param y nn.Tensor labels [..], whole numbers from 0
---@param options? nn.NllOptions `{}`
---@return nn.Tensor [] or, with reduction "none", [..]
function nn.nll_loss(x, y, options)
  local what = "nn.nll_loss"
  options = loss_options(what, options, { weight = "any", ignore_index = "number", dim = "number" })
  x = classes_last(what, logits(what, x), options.dim)
  labels(what, x, y)
  local w = row_weights(class_weights(what, x, options.weight), x, y, options.ignore_index)
  local l = -nn.where(is_label(x, y), x, 0):sum(-1)
  return weighted_reduction(w and l * w or l, w, options.reduction)
end

-- log x, at least -100 (as in PyTorch); the gradient is 0 where it is cut
local function log_cut(x)
  local inside = x:ge(math.exp(-100))
  return nn.where(inside, nn.where(inside, x, 1.0):log(), -100.0)
end

---@class nn.BceOptions: nn.LossOptions
---@field weight? nn.Tensor|number `nil`, broadcast to x; "mean" divides by the number of elements

--- -w (y log x + (1 - y) log(1 - x)) for probabilities x; logarithms are cut at -100 as in PyTorch; where they are cut the gradient is 0.
---@param x nn.Tensor probabilities [..]
---@param y nn.Tensor [..], 0 to 1
---@param options? nn.BceOptions `{}`
---@return nn.Tensor
function nn.binary_cross_entropy(x, y, options)
  local what = "nn.binary_cross_entropy"
  options = loss_options(what, options, { weight = "any" })
  x, y = pair(what, x, y)
  core.factor(what, "weight", options.weight, x.shape)
  local l = -(y * log_cut(x) + (1 - y) * log_cut(1 - x))
  return reduced(options.weight and l * options.weight or l, options.reduction)
end

---@class nn.BceLogitsOptions: nn.BceOptions
---@field pos_weight? nn.Tensor|number `nil`: weight of the part with y, broadcast to x

--- w ((1 - y) x + (1 + (pos_weight - 1) y) log(1 + exp(-x))) for scores x before the sigmoid, finite for every finite x.
---@param x nn.Tensor scores [..]
---@param y nn.Tensor [..], 0 to 1
---@param options? nn.BceLogitsOptions `{}`
---@return nn.Tensor
function nn.binary_cross_entropy_with_logits(x, y, options)
  local what = "nn.binary_cross_entropy_with_logits"
  options = loss_options(what, options, { weight = "any", pos_weight = "any" })
  x, y = pair(what, x, y)
  core.factor(what, "weight", options.weight, x.shape)
  core.factor(what, "pos_weight", options.pos_weight, x.shape)
  local minus_log = -nn.logsigmoid(x)
  if options.pos_weight then minus_log = minus_log * (1 + (options.pos_weight - 1) * y) end
  local l = (1 - y) * x + minus_log
  return reduced(options.weight and l * options.weight or l, options.reduction)
end

---@class nn.KlOptions
---@field reduction? nn.Reduction|"batchmean" `"mean"` divides by the elements, as in PyTorch; "batchmean" by the rows, which is the divergence
---@field log_target? boolean `false`; true: y is log p

--- p (log p - x) for log-probabilities x (Kullback and Leibler 1951); 0 where p is 0.
---@param x nn.Tensor log-probabilities [..]
---@param y nn.Tensor probabilities p [..]
---@param options? nn.KlOptions `{}`
---@return nn.Tensor
function nn.kl_div(x, y, options)
  local what = "nn.kl_div"
  options = loss_options(what, options, { log_target = "boolean" }, "batchmean")
  x, y = pair(what, x, y)
  local l
  if options.log_target then
    l = y:exp() * (y - x)
  else
    local positive = y:gt(0)
    l = nn.where(positive, y * nn.where(positive, y, 1.0):log(), 0.0) - y * x
  end
  if options.reduction == "batchmean" then return l:sum() / x.shape[1] end
  return reduced(l, options.reduction)
end

-- ---- margins ----

---@class nn.MarginOptions: nn.LossOptions
---@field margin? number `1`

--- max(0, margin - y x), y being -1 or 1 (Cortes and Vapnik 1995); the gradient at 0 is 0.
---@param x nn.Tensor scores [..]
---@param y nn.Tensor [..], -1 or 1
---@param options? nn.MarginOptions `{}`
---@return nn.Tensor
function nn.hinge_loss(x, y, options)
  options = loss_options("nn.hinge_loss", options, { margin = "number" })
  x, y = pair("nn.hinge_loss", x, y)
  return reduced(nn.relu((options.margin or 1) - y * x), options.reduction)
end

---@class nn.MultiMarginOptions: nn.MarginOptions
---@field p? 1|2 `1`
---@field weight? nn.Tensor|number[] `nil` [C]: of the rows' labels; "mean" divides by the rows

--- sum over c other than y of max(0, margin - x_y + x_c)^p, over C (Crammer and Singer 2001); the gradient at 0 is 0.
---@param x nn.Tensor scores [.., C]
---@param y nn.Tensor labels [..], whole numbers from 0
---@param options? nn.MultiMarginOptions `{}`
---@return nn.Tensor
function nn.multi_margin_loss(x, y, options)
  local what = "nn.multi_margin_loss"
  options = loss_options(what, options, { p = "number", margin = "number", weight = "any" })
  if options.p and options.p ~= 1 and options.p ~= 2 then core.fail("number_range", what, "p", "1 or 2", options.p) end
  x = logits(what, x)
  labels(what, x, y)
  local own = is_label(x, y)
  local z = (options.margin or 1) - nn.where(own, x, 0):sum(-1, true) + x
  z = nn.where(z:gt(0) & ~own, z, 0.0)
  if options.p == 2 then z = z * z end
  local w = row_weights(class_weights(what, x, options.weight), x, y)
  local l = z:sum(-1) / x.shape[x.rank]
  return reduced(w and l * w or l, options.reduction)
end

-- ---- segmentation: x probabilities and y the truth (0 to 1), both [B, …] ----

local function overlap(what, x, y, options)
  options = loss_options(what, options, { smooth = "number", squared = "boolean" })
  x, y = pair(what, x, y)
  if x.rank < 2 then core.fail("layer_input", what, "a batch [B, …]", core.tensor_text(x)) end
  x, y = x:reshape { x.shape[1], -1 }, y:reshape { x.shape[1], -1 }
  local both, sum = (x * y):sum(-1), options.squared and (x * x + y * y):sum(-1) or (x + y):sum(-1)
  return both, sum, options.smooth or 1, options.reduction
end

---@class nn.OverlapOptions: nn.LossOptions
---@field smooth? number `1`
---@field squared? boolean `false`; true: x^2 and y^2 in the sums below (Milletari et al. 2016)

--- 1 - (2 sum xy + smooth) / (sum x + sum y + smooth) for each row (Milletari et al. 2016).
---@param x nn.Tensor probabilities [B, …]
---@param y nn.Tensor truth [B, …], 0 to 1
---@param options? nn.OverlapOptions `{}`
---@return nn.Tensor
function nn.dice_loss(x, y, options)
  local both, sum, smooth, reduction = overlap("nn.dice_loss", x, y, options)
  return reduced(1 - (2 * both + smooth) / (sum + smooth), reduction)
end

--- 1 - (sum xy + smooth) / (sum x + sum y - sum xy + smooth) for each row (Rahman and Wang 2016, eq. 3).
---@param x nn.Tensor probabilities [B, …]
---@param y nn.Tensor truth [B, …], 0 to 1
---@param options? nn.OverlapOptions `{}`
---@return nn.Tensor
function nn.iou_loss(x, y, options)
  local both, sum, smooth, reduction = overlap("nn.iou_loss", x, y, options)
  return reduced(1 - (both + smooth) / (sum - both + smooth), reduction)
end

core.loss = { options = loss_options, pair = pair, reduced = reduced, unsqueeze = unsqueeze }
