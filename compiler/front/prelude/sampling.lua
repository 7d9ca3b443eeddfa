-- sampling.lua: what a language model says next: temperature, the k best, the nucleus (Holtzman et al. 2020), and a draw from what is left.
--
-- Rows are sorted, the largest first, the lower index first among equals. What stays is a beginning of that order, of at least one element,
-- so it is told by its length, and an element stays when its rank is below it. Numbers may be tensors, hypers among them: then nothing is known
-- here and all three are computed at run time; a number that has no effect leaves no code behind.
local nn, core = ...

-- The logits; of 16 bits as f32, as in losses
local function check_logits(what, logits)
  core.tensor(what, logits)
  if logits.rank < 1 or not core.is_float(logits.dtype) then
    core.fail("layer_input", what, "logits [.., classes] of a float dtype", core.tensor_text(logits))
  end
  return core.wide(logits)
end

-- A scalar, or nil: it has no effect
local function check_number(what, name, value, without)
  if value == nil or value == without then return nil end
  if type(value) == "number" then return nn.constant(core.range(what, name, value, 0, math.huge, "at least 0") + 0.0, core.scalar()) end
  return core.factor(what, name, value, {})
end

local function check_options(what, options)
  options = core.fields(what, options, { temperature = "any", top_k = "any", top_p = "any" })
  return check_number(what, "temperature", options.temperature, 1), check_number(what, "top_k", options.top_k, 0), check_number(what, "top_p", options.top_p, 1)
end

-- How many of a row stay, [.., 1]: `sorted` is the row from its largest on. The k best are taken first; the nucleus is one of these.
local function count_kept(sorted, k, p)
  local rank = nn.iota(sorted.shape[sorted.rank])
  local within = k and (rank:lt(k) | k:eq(0)) or rank:ge(0)
  if p then
    local probability = (k and nn.where(within, sorted, -math.huge) or sorted):softmax(-1)
    within = within & ((probability:cumsum(-1) - probability):lt(p) | p:ge(1))
  end
  return (within | rank:eq(0)):cast("i32"):sum(-1, true)
end

local function filtered(what, logits, options)
  logits = check_logits(what, logits)
  local temperature, k, p = check_options(what, options)
  if temperature then
    local greedy = temperature:eq(0)
    if type(options.temperature) ~= "number" or options.temperature == 0 then k = nn.where(greedy, 1.0, k or 0.0) end
    logits = logits / nn.where(greedy, 1.0, temperature)
  end
  if not k and not p then return logits end
  local sorted, at = logits:sort(-1, true)
  return nn.where(at:argsort(-1):lt(count_kept(sorted, k, p)), logits, -math.huge)
end

---@class nn.SamplingOptions
---@field temperature? number|nn.Tensor `1`: the logits are divided by it; 0: the largest alone stays
---@field top_k? integer|nn.Tensor `0`: all; k: the k largest stay, of equal ones those of lower index; more than there are: all
---@field top_p? number|nn.Tensor `1`: all; p: the fewest of the largest whose probabilities, after temperature and top_k, add up to at least p; 0: the largest alone

--- Logits as they are drawn from: divided by the temperature, and -inf what is not among the top_k or not in the nucleus top_p of these (Holtzman et al.
--- 2020); the largest always stays. Their softmax is the distribution. Options may be tensors, such as `nn.hyper("temperature", 0.8)`.
---@param logits nn.Tensor [.., classes], floats
---@param options? nn.SamplingOptions `{}`
---@return nn.Tensor [.., classes], f32 of 16-bit floats
function nn.filtered_logits(logits, options) return filtered("nn.filtered_logits", logits, options) end

--- The next token of each row, drawn from `nn.filtered_logits(logits, options)`; with a temperature of 0 the largest, of equal ones that of lower index.
---@param logits nn.Tensor [.., classes], floats
---@param options? nn.SamplingOptions `{}`
---@return nn.Tensor i32 [..]
function nn.random.token(logits, options) return nn.random.categorical(filtered("nn.random.token", logits, options)):cast("i32") end
