-- metrics.lua: scores for nn.evaluate and logs: scalars without a derivative that anyone needs. nn.evaluate takes means
-- over rows, weighted by the rows of each batch; what is such a mean comes out exact for the whole pass. What couples
-- rows (confusion matrix, precision, recall, F1, IoU, R^2) or is no mean (RMSE, perplexity) is the score of one batch, and
-- its mean over batches is not the score of the pass: each says so. Sum what it is made of instead.
local nn, core = ...

local function scores(what, x, y)
  core.check_labels(what, core.check_logits(what, x), y)
end

--- The part of the rows whose largest score is the label's (the first of equals). A mean over rows.
---@param x nn.Tensor scores [.., C]
---@param y nn.Tensor labels [..]
---@return nn.Tensor
function nn.accuracy(x, y)
  scores("nn.accuracy", x, y)
  return x:argmax(-1):eq(y):mean()
end

--- The part of the rows whose label is among the k largest scores: fewer than k classes score higher, or as high with a
--- lower number. A mean over rows.
---@param x nn.Tensor scores [.., C]
---@param y nn.Tensor labels [..]
---@param k? integer `5`
---@return nn.Tensor
function nn.top_k_accuracy(x, y, k)
  scores("nn.top_k_accuracy", x, y)
  k = core.count("nn.top_k_accuracy", "k", k or 5)
  local class, label = nn.iota(x.shape[x.rank]), core.loss.unsqueeze(y)
  local own = nn.where(class:eq(label), x, 0):sum(-1, true)
  local before = x:gt(own) | (x:eq(own) & class:lt(label))
  return before:sum(-1):lt(k):mean()
end

-- [C, C] or, for predictions y' [..] of integers with the number of classes given, the same
local function confusion(what, x, y, classes)
  local predicted
  if classes ~= nil then core.count(what, "classes", classes) end
  if core.is_float(core.tensor(what, x).dtype) then
    scores(what, x, y)
    predicted, classes = x:argmax(-1), x.shape[x.rank]
  else
    core.check_pair(what, x, y)
    predicted, classes = x, core.count(what, "classes", classes)
  end
  local class = nn.iota(classes)
  local function one_hot(labels) return class:eq(labels:reshape { -1, 1 }):cast(core.float()) end
  return core.dot(one_hot(y), one_hot(predicted), 1, 1)
end

--- How often a row of each class (first dimension) was taken for each class (second). Couples rows: add the matrices of the batches.
---@param x nn.Tensor scores [.., C], or predicted classes [..] with `classes` given
---@param y nn.Tensor labels [..]
---@param classes? integer `C` of scores; needed with predicted classes
---@return nn.Tensor counts [C, C], floats
function nn.confusion_matrix(x, y, classes) return confusion("nn.confusion_matrix", x, y, classes) end

local function ratio(a, b) return nn.where(b:gt(0), a / nn.where(b:gt(0), b, 1.0), 0.0) end

-- part(hit, predicted, actual) of counts by class; "micro" takes the counts of all classes together, "macro" the mean
-- over the classes that occur among labels or predictions, "none" gives one number a class.
local function averaged(what, x, y, options, part)
  options = core.fields(what, options, { average = "string", classes = "number" })
  local m = confusion(what, x, y, options.classes)
  local class = nn.iota(m.shape[1])
  local hit = nn.where(class:eq(class:reshape { -1, 1 }), m, 0):sum(1)
  local predicted, actual = m:sum(1), m:sum(2)
  local average = options.average or "macro"
  if average == "micro" then return part(hit:sum(), predicted:sum(), actual:sum()) end
  local each = part(hit, predicted, actual)
  if average == "none" then return each end
  if average ~= "macro" then core.fail("mode_unknown", what .. "'s average", average) end
  return each:sum() / (predicted + actual):gt(0):sum()
end

---@class nn.AverageOptions
---@field average? "macro"|"micro"|"none" `"macro"`: the mean over the classes that occur among labels or predictions; "micro": counts of all classes together; "none": one number a class, [C]
---@field classes? integer `C` of scores; needed with predicted classes

--- Of the rows taken for a class, the part that is of it; 0 where there are none. Couples rows: the score of one batch.
---@param x nn.Tensor scores [.., C], or predicted classes [..] with `classes` given
---@param y nn.Tensor labels [..]
---@param options? nn.AverageOptions `{}`
---@return nn.Tensor
function nn.precision(x, y, options)
  return averaged("nn.precision", x, y, options, function(hit, predicted) return ratio(hit, predicted) end)
end

--- Of the rows of a class, the part that is taken for it; 0 where there are none. Couples rows: the score of one batch.
---@param x nn.Tensor scores [.., C], or predicted classes [..] with `classes` given
---@param y nn.Tensor labels [..]
---@param options? nn.AverageOptions `{}`
---@return nn.Tensor
function nn.recall(x, y, options)
  return averaged("nn.recall", x, y, options, function(hit, _, actual) return ratio(hit, actual) end)
end

--- 2 hits / (predicted + actual): the harmonic mean of precision and recall. Couples rows: the score of one batch.
---@param x nn.Tensor scores [.., C], or predicted classes [..] with `classes` given
---@param y nn.Tensor labels [..]
---@param options? nn.AverageOptions `{}`
---@return nn.Tensor
function nn.f1_score(x, y, options)
  return averaged("nn.f1_score", x, y, options, function(hit, predicted, actual) return ratio(2 * hit, predicted + actual) end)
end

--- hits / (predicted + actual - hits): intersection over union. Couples rows: the score of one batch.
---@param x nn.Tensor scores [.., C], or predicted classes [..] with `classes` given
---@param y nn.Tensor labels [..]
---@param options? nn.AverageOptions `{}`
---@return nn.Tensor
function nn.iou(x, y, options)
  return averaged("nn.iou", x, y, options, function(hit, predicted, actual) return ratio(hit, predicted + actual - hit) end)
end

--- exp of the cross-entropy. No mean: for a whole pass take exp of the mean cross-entropy.
---@param x nn.Tensor scores [.., C]
---@param y nn.Tensor labels [..]
---@param options? nn.CrossEntropyOptions `{}`
---@return nn.Tensor
function nn.perplexity(x, y, options) return nn.cross_entropy(x, y, options):exp() end

--- Mean absolute error. A mean over rows.
---@param x nn.Tensor [..]
---@param y nn.Tensor [..]
---@return nn.Tensor
function nn.mae(x, y)
  x, y = core.check_pair("nn.mae", x, y)
  return (x - y):abs():mean()
end

--- Root of the mean squared error. No mean: for a whole pass take the root of the mean nn.mse_loss.
---@param x nn.Tensor [..]
---@param y nn.Tensor [..]
---@return nn.Tensor
function nn.rmse(x, y)
  x, y = core.check_pair("nn.rmse", x, y)
  return ((x - y) ^ 2):mean():sqrt()
end

--- 1 - sum (y - x)^2 / sum (y - mean y)^2 over all elements. Couples rows.
---@param x nn.Tensor predictions [..]
---@param y nn.Tensor truth [..]
---@return nn.Tensor
function nn.r2_score(x, y)
  x, y = core.check_pair("nn.r2_score", x, y)
  return 1 - ((y - x) ^ 2):sum() / ((y - y:mean()) ^ 2):sum()
end
