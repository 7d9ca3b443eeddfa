-- ctc.lua: connectionist temporal classification (Graves et al. 2006): the loss by the forward recursion in log space, one
-- loop over time, best-path decoding and prefix beam search, and the distance of what was decoded from what was wanted. The
-- loss's gradient is the loop's own: no backward recursion is written here.
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
  if type(x) == "table" and not core.kind(x) then
    if #x ~= shape[1] then core.fail("layer_input", what, text .. core.shape_text(shape), "a list of " .. #x) end
    x = nn.constant(x, "i32")
  end
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

---@class nn.CtcOptions: nn.LossOptions
---@field blank? integer `0`
---@field zero_infinity? boolean `false`; true: what costs +Inf costs 0, without gradient

--- -log P(targets | inputs), summed over all alignments (Graves et al. 2006, eq. 6). reduction "mean" divides each row's loss by its number of labels first, as PyTorch
--- does. A target that no alignment of the input's length gives costs +Inf.
---@param log_probs nn.Tensor [T, N, C], of nn.log_softmax
---@param targets nn.Tensor [N, S] whole numbers; what lies behind a row's length does not count
---@param input_lengths nn.Tensor|integer[] [N], at most T
---@param target_lengths nn.Tensor|integer[] [N], at most S
---@param options? nn.CtcOptions `{}`
---@return nn.Tensor
function nn.ctc_loss(log_probs, targets, input_lengths, target_lengths, options)
  local what = "nn.ctc_loss"
  options = core.loss.options(what, options, { blank = "number", zero_infinity = "boolean" })
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
  return core.reduced(loss, options.reduction)
end

-- ---- decoding ----

-- Whether time t is within each row's input, [T, N]: all are where no lengths are given
local function within_inputs(what, input_lengths, T, N)
  if input_lengths == nil then return nn.iota(T):reshape { T, 1 }:broadcast { T, N }:ge(0) end
  return nn.iota(T):reshape { T, 1 }:lt(integers(what, input_lengths, { N }, "input lengths "))
end

---@class nn.CtcDecodeOptions
---@field blank? integer `0`

--- The labels of the most probable class at each time, without repetitions and blanks (Graves et al. 2006, section 3.2). Behind a row's labels stands -1.
---@param log_probs nn.Tensor [T, N, C]: any scores do
---@param input_lengths? nn.Tensor|integer[] `nil`: T for all; [N]
---@param options? nn.CtcDecodeOptions `{}`
---@return nn.Tensor labels i32 [N, T]
---@return nn.Tensor lengths i32 [N]
function nn.ctc_greedy_decode(log_probs, input_lengths, options)
  local what = "nn.ctc_greedy_decode"
  options = core.fields(what, options, { blank = "number" })
  local blank = options.blank or 0
  check_scores(what, log_probs, blank)
  local T, N = table.unpack(log_probs.shape)
  local best = log_probs:argmax(3):cast("i32"):transpose(1, 2) -- [N, T]
  local kept = best:ne(blank) & best:ne(best:pad(2, 1, 0, -1):slice(2, 1, T)) & within_inputs(what, input_lengths, T, N):transpose(1, 2)
  local count = kept:cast("i32"):cumsum(2)
  local place = nn.where(kept, count - 1, T) + (nn.iota(N) * (T + 1)):reshape { N, 1 } -- what goes lands behind the row
  local labels = nn.full({ N * (T + 1) }, -1, "i32"):scatter(1, place:reshape { -1 }, best:reshape { -1 }, "set")
  return labels:reshape { N, T + 1 }:slice(2, 1, T), kept:cast("i32"):sum(2)
end

-- Beams of a row: W different prefixes: labels [N, W, T] (-1 behind them), length and the last label [N, W], and the log
-- probabilities of all their alignments so far that end in a blank and that do not. A prefix of probability 0 stands for none.
local function first_beams(N, W, T, dtype)
  local first = nn.iota(W):eq(0):broadcast { N, W }
  return {
    labels = nn.full({ N, W, T }, -1, "i32"), length = nn.zeros({ N, W }, "i32"), last = nn.full({ N, W }, -1, "i32"),
    blank = nn.where(first, 0.0, -math.huge):cast(dtype), label = nn.full({ N, W }, -math.huge, dtype),
  }
end

-- [N, W, W]: beam k is beam j and one label more. That is true of one j at most, since prefixes differ.
local function continues(c, total)
  local N, W, T = table.unpack(c.labels.shape)
  local at_last = nn.iota(T):eq((c.length - 1):reshape { N, W, 1 })
  local shorter = nn.where(at_last, -1, c.labels)
  local differ = shorter:reshape { N, W, 1, T }:ne(c.labels:reshape { N, 1, W, T }):cast("i32"):sum(4)
  local live = total:gt(-math.huge)
  return differ:eq(0) & c.length:gt(0):reshape { N, W, 1 } & live:reshape { N, W, 1 } & live:reshape { N, 1, W }
end

-- The candidates after one more time, from scores [N, C]: the W beams as they are, then each with each label behind it,
-- [N, W + W C]: log probabilities of alignments that end in a blank, and that do not. A beam and a label that are another beam
-- are counted there.
local function candidates(c, scores, blank)
  local N, W, C = c.length.shape[1], c.length.shape[2], scores.shape[2]
  local total, class = log_add { c.blank, c.label }, nn.iota(C)
  local repeated = class:eq(c.last:reshape { N, W, 1 })
  local extended_by = nn.where(repeated, c.blank:reshape { N, W, 1 }, total:reshape { N, W, 1 }) + scores:reshape { N, 1, C } -- [N, W, C]
  local from = continues(c, total)
  local own = scores:take_along(2, c.last)
  local before = nn.where(c.last:reshape { N, W, 1 }:eq(c.last:reshape { N, 1, W }), c.blank:reshape { N, 1, W }, total:reshape { N, 1, W })
  local stays = log_add { c.label + own, nn.where(from, before, -math.huge):max(3) + own }
  local is_beam = from:reshape { N, W, W, 1 } & class:eq(c.last:reshape { N, W, 1, 1 }) -- [N, k, j, C]
  local free = is_beam:cast("i32"):sum(2):eq(0) & class:ne(blank)
  return nn.concat({ total + scores:slice(2, blank + 1, blank + 1), nn.full({ N, W * C }, -math.huge, scores.dtype) }, 2),
         nn.concat({ stays, nn.where(free, extended_by, -math.huge):reshape { N, W * C } }, 2)
end

-- The W best candidates as beams, best first
local function next_beams(c, scores, blank)
  local N, W, T = table.unpack(c.labels.shape)
  local C = scores.shape[2]
  local in_blank, in_label = candidates(c, scores, blank)
  local _, at = log_add({ in_blank, in_label }):topk(W, 2)
  local longer = at:ge(W)
  local beam, class = nn.where(longer, (at - W) // C, at), nn.where(longer, (at - W) % C, -1)
  local length = c.length:take_along(2, beam)
  local labels = c.labels:take_along(2, beam:reshape { N, W, 1 }:broadcast { N, W, T })
  local here = longer:reshape { N, W, 1 } & nn.iota(T):eq(length:reshape { N, W, 1 })
  return {
    labels = nn.where(here, class:reshape { N, W, 1 }, labels), length = length + longer:cast("i32"),
    last = nn.where(longer, class, c.last:take_along(2, beam)), blank = in_blank:take_along(2, at), label = in_label:take_along(2, at),
  }
end

---@class nn.CtcBeamOptions: nn.CtcDecodeOptions
---@field beam_width? integer `10`, W

--- The most probable labels by prefix beam search (Graves and Jaitly 2014; Hannun et al. 2014): at each time the W prefixes are kept whose alignments so far are
--- the most probable together. Best first; behind a row's labels stands -1. Where fewer than W are possible, the last have no label and log P = -Inf.
---@param log_probs nn.Tensor [T, N, C], of nn.log_softmax
---@param input_lengths? nn.Tensor|integer[] `nil`: T for all; [N]
---@param options? nn.CtcBeamOptions `{}`
---@return nn.Tensor labels i32 [N, W, T]
---@return nn.Tensor lengths i32 [N, W]
---@return nn.Tensor log_p [N, W], a lower bound that is exact where no prefix was dropped
function nn.ctc_beam_decode(log_probs, input_lengths, options)
  local what = "nn.ctc_beam_decode"
  options = core.fields(what, options, { blank = "number", beam_width = "number" })
  local blank, W = options.blank or 0, core.count(what, "beam_width", options.beam_width or 10)
  check_scores(what, log_probs, blank)
  log_probs = nn.stop_gradient(log_probs)
  local T, N = table.unpack(log_probs.shape)
  local rows = { scores = log_probs, within = within_inputs(what, input_lengths, T, N) }
  local c = nn.scan(function(c, row)
    local within = row.within:reshape { N, 1 }
    return nn.map(function(new, old) return nn.where(old.rank == 3 and within:reshape { N, 1, 1 } or within, new, old) end,
                  next_beams(c, row.scores, blank), c)
  end, first_beams(N, W, T, log_probs.dtype), rows)
  local log_p = log_add { c.blank, c.label }
  local live = log_p:gt(-math.huge)
  return nn.where(live:reshape { N, W, 1 }, c.labels, -1), nn.where(live, c.length, 0), log_p
end

-- ---- distance ----

-- One loop over x. With d the distances of the beginnings of y from x so far, those one label later are min(d[j] + 1,
-- d[j-1] + (x ~= y[j])), or such a one at a place k < j and j - k labels put in.

--- The least number of labels to put in, take out or replace that makes x of y (Levenshtein 1966), row by row: of one batch.
---@param x nn.Tensor [N, S] whole numbers; what lies behind a row's length does not count
---@param x_lengths nn.Tensor|integer[] [N], at most S
---@param y nn.Tensor [N, S'] whole numbers
---@param y_lengths nn.Tensor|integer[] [N], at most S'
---@return nn.Tensor # i32 [N]
function nn.edit_distance(x, x_lengths, y, y_lengths)
  local what = "nn.edit_distance"
  core.tensor(what, x)
  core.tensor(what, y)
  if x.rank ~= 2 or y.rank ~= 2 or x.shape[1] ~= y.shape[1] then
    core.fail("layer_input", what, "labels [N, S] and [N, S']", core.tensor_text(x) .. ", " .. core.tensor_text(y))
  end
  local N, S, place = x.shape[1], y.shape[2], nn.iota(y.shape[2] + 1)
  x, y = integers(what, x, x.shape, "labels "), integers(what, y, y.shape, "labels ")
  x_lengths, y_lengths = integers(what, x_lengths, { N }, "lengths "), integers(what, y_lengths, { N }, "lengths ")
  local none = x.shape[2] + S + 1
  local earlier = place:le(place:reshape { -1, 1 }) -- [j, k]
  local d = nn.scan(function(d, row)
    local replaced = d:slice(2, 1, S) + row.x:reshape { N, 1 }:ne(y):cast("i32")
    local best = nn.minimum(d + 1, replaced:pad(2, 1, 0, none)) - place
    local next = nn.where(earlier, best:reshape { N, 1, S + 1 }, none):min(3) + place
    return nn.where(row.t:lt(x_lengths:reshape { N, 1 }), next, d)
  end, place:broadcast { N, S + 1 }, { x = x:transpose(1, 2), t = nn.iota(x.shape[2]) })
  return d:take_along(2, y_lengths:reshape { N, 1 }):reshape { N }
end
