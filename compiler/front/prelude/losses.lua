-- losses.lua: losses and scores: scalars, means over the rows.
local nn, core = ...

local function logits(what, x)
  core.tensor(what, x)
  if x.rank < 1 or not core.is_float(x.dtype) then core.fail("layer_input", what, "scores [.., classes] of a float dtype", core.tensor_text(x)) end
  return x
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

local function unsqueeze(y)
  local shape = y.shape
  shape[#shape + 1] = 1
  return y:reshape(shape)
end

-- Mean over rows of log(sum_c exp x_c) - x_y. The row's maximum is taken out first, outside the derivative (it cancels);
-- the label's score is picked by selecting where class == y, so that an infinite score elsewhere stays out of it.
function nn.cross_entropy(x, y)
  logits("nn.cross_entropy", x)
  labels("nn.cross_entropy", x, y)
  local wide = core.wide(x)
  local s = wide - nn.stop_gradient(wide:max(-1, true))
  local is_label = nn.iota(x.shape[x.rank]):eq(unsqueeze(y))
  local picked = nn.where(is_label, s, 0):sum(-1)
  return (s:exp():sum(-1):log() - picked):mean():cast(x.dtype)
end

function nn.mse_loss(x, y)
  core.tensor("nn.mse_loss", x)
  core.tensor("nn.mse_loss", y)
  local fits = x.rank == y.rank
  for d = 1, x.rank do fits = fits and x.shape[d] == y.shape[d] end
  if not fits then core.fail("loss_shapes", "nn.mse_loss", core.tensor_text(x), core.tensor_text(y)) end
  local difference = core.wide(x) - core.wide(y)
  return (difference ^ 2):mean():cast((x - y).dtype)
end

-- The part of the rows whose largest score is the label's (the first of equals).
function nn.accuracy(x, y)
  logits("nn.accuracy", x)
  labels("nn.accuracy", x, y)
  return x:argmax(-1):eq(y):mean()
end
