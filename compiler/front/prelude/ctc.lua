-- ctc.lua: connectionist temporal classification (Graves et al. 2006): the loss by the forward recursion in log space, one
-- loop over time, and best-path decoding. Its gradient is the loop's own: no backward recursion is written here.
local nn, core = ...

-- The logarithm of the sum of exp over a list of tensors some of which are -Inf: all of them give -Inf and gradients of 0
local function log_add(list)
  local most = list[1]
  for i = 2, #list do most = nn.maximum(most, list[i]) end
  most = nn.stop_gradient(most)
  local none, total = most:eq(-math.huge), nil
  local at = nn.where(none, 0.0, most)
  for _, x in ipairs(list) do
    local e = (x - at):exp()
    total = total and total + e or e
  end
  return nn.where(none, -math.huge, at + nn.where(none, 1.0, total):log())
end

-- x [N, S] moved by k places towards the end, -Inf in front
local function moved(x, k) return x:pad(2, k, 0, -math.huge):slice(2, 1, x.shape[2]) end

local function integers(what, x, shape, text)
  if type(x) == "table" and not core.kind(x) then x = nn.constant(x, "i32") end
  core.tensor(what, x)
  if core.is_float(x.dtype) or x.dtype == "bool" then core.fail("labels_dtype", what, core.tensor_text(x)) end
  if core.shape_text(x.shape) ~= core.shape_text(shape) then core.fail("layer_input", what, text .. core.shape_text(shape), core.tensor_text(x)) end
  return x:cast("i32")
end

local function check_scores(what, log_probs, blank)
  core.tensor(what, log_probs)
  if log_probs.rank ~= 3 or not core.is_float(log_probs.dtype) then
    core.fail("layer_input", what, "log probabilities [T, N, C]", core.tensor_text(log_probs))
  end
  if math.type(blank) ~= "integer" or blank < 0 or blank >= log_probs.shape[3] then
    core.fail("number_range", what, "blank", "a class from 0 to " .. log_probs.shape[3] - 1, blank)
  end
end

-- The labels with blanks around them, [N, 2 S + 1], and whether place s may be reached from s - 2: a label that differs
-- from the one before
local function extended(targets, blank)
  local N, S = table.unpack(targets.shape)
  local pairs_of = nn.stack({ nn.full({ N, S }, blank, "i32"), targets }, 3):reshape { N, 2 * S }
  local labels = nn.concat({ pairs_of, nn.full({ N, 1 }, blank, "i32") }, 2)
  local before = labels:pad(2, 2, 0, blank):slice(2, 1, 2 * S + 1)
  return labels, labels:ne(blank) & labels:ne(before)
end

-- log P(labels | x) of each row, [N]: a_t(s) = log(sum of a_t-1 over s, s - 1 and, where it may, s - 2) + log p_t(label s)
-- (equation 6), from a_-1 = log 1 at s = 0; then the last two places of each row's labels.
local function log_likelihood(log_probs, targets, input_lengths, target_lengths, blank)
  local T, N = table.unpack(log_probs.shape)
  local labels, skips = extended(targets, blank)
  local places = labels.shape[2]
  local index = labels:reshape { 1, N, places }:broadcast { T, N, places }
  local position = nn.iota(places):reshape { 1, places }
  local start = nn.where(position:eq(0), 0.0, -math.huge):broadcast { N, places }:cast(log_probs.dtype)
  local within = input_lengths:reshape { N, 1 }
  local a = nn.scan(function(a, row)
    local reached = log_add { a, moved(a, 1), nn.where(skips, moved(a, 2), -math.huge) }
    return nn.where(row.t:lt(within), reached + row.scores, a)
  end, start, { scores = log_probs:take_along(3, index), t = nn.iota(T) })
  local last = 2 * target_lengths:reshape { N, 1 }
  local function at(place) return nn.where(position:eq(place), a, -math.huge):max(2) end
  return log_add { at(last), at(last - 1) }
end

--- -log P(targets | inputs), summed over all alignments (Graves et al. 2006). reduction "mean" divides each row's loss by its
--- number of labels first, as PyTorch does. A target that no alignment of the input's length gives costs +Inf; zero_infinity
--- makes it 0, without gradient.
---@param log_probs nn.Tensor [T, N, C], of nn.log_softmax
---@param targets nn.Tensor [N, S] whole numbers; what lies behind a row's length does not count
---@param input_lengths nn.Tensor|integer[] [N], at most T
---@param target_lengths nn.Tensor|integer[] [N], at most S
---@param options? { blank?: integer, reduction?: nn.Reduction, zero_infinity?: boolean } 0, "mean", false
---@return nn.Tensor
function nn.ctc_loss(log_probs, targets, input_lengths, target_lengths, options)
  local what = "nn.ctc_loss"
  options = core.fields(what, options, { blank = "number", reduction = "string", zero_infinity = "boolean" })
  local blank = options.blank or 0
  check_scores(what, log_probs, blank)
  local N = log_probs.shape[2]
  core.tensor(what, targets)
  if targets.rank ~= 2 then core.fail("layer_input", what, "targets [" .. N .. ", S]", core.tensor_text(targets)) end
  targets = integers(what, targets, { N, targets.shape[2] }, "targets ")
  input_lengths = integers(what, input_lengths, { N }, "input lengths ")
  target_lengths = integers(what, target_lengths, { N }, "target lengths ")
  local loss = -log_likelihood(log_probs, targets, input_lengths, target_lengths, blank)
  if options.zero_infinity then loss = nn.where(loss:eq(math.huge), 0.0, loss) end
  if (options.reduction or "mean") == "mean" then loss = loss / nn.maximum(target_lengths, 1):cast(loss.dtype) end
  return core.reduced(what, loss, options.reduction)
end

--- The labels of the most probable class at each time, without repetitions and blanks (Graves et al. 2006, section 3.2):
--- i32 [N, T], and their numbers, i32 [N]. Behind a row's labels stands -1.
---@param log_probs nn.Tensor [T, N, C]: any scores do
---@param input_lengths? nn.Tensor|integer[] [N], T for all
---@param options? { blank?: integer } 0
---@return nn.Tensor labels
---@return nn.Tensor lengths
function nn.ctc_greedy_decode(log_probs, input_lengths, options)
  local what = "nn.ctc_greedy_decode"
  options = core.fields(what, options, { blank = "number" })
  local blank = options.blank or 0
  check_scores(what, log_probs, blank)
  local T, N = table.unpack(log_probs.shape)
  local best = log_probs:argmax(3):cast("i32"):transpose(1, 2) -- [N, T]
  local kept = best:ne(blank) & best:ne(best:pad(2, 1, 0, -1):slice(2, 1, T))
  if input_lengths ~= nil then
    kept = kept & nn.iota(T):lt(integers(what, input_lengths, { N }, "input lengths "):reshape { N, 1 })
  end
  local count = kept:cast("i32"):cumsum(2)
  local place = nn.where(kept, count - 1, T) + (nn.iota(N) * (T + 1)):reshape { N, 1 } -- what goes lands behind the row
  local labels = nn.full({ N * (T + 1) }, -1, "i32"):scatter(1, place:reshape { -1 }, best:reshape { -1 }, "set")
  return labels:reshape { N, T + 1 }:slice(2, 1, T), kept:cast("i32"):sum(2)
end
