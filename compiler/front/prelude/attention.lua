-- attention.lua: attention, and the Transformer's layers (Vaswani et al. 2017), with PyTorch's names of states, layouts and
-- defaults. One thing differs: a bool mask says where attention is allowed, everywhere, as in scaled_dot_product_attention
-- (torch's MultiheadAttention takes the opposite).
local nn, core = ...

local function sizes_fit(q, k, v)
  local r = q.rank
  local fits = r >= 2 and k.rank == r and v.rank == r and q.shape[r] == k.shape[r] and k.shape[r - 1] == v.shape[r - 1]
  for d = 1, r - 2 do
    local group = d == r - 2 and k.shape[d] >= 1 and q.shape[d] % k.shape[d] == 0
    fits = fits and k.shape[d] == v.shape[d] and (q.shape[d] == k.shape[d] or group)
  end
  return fits
end

-- Softmax of scores in which a row may be masked whole: such a row gives zeros.
local function safe_softmax(s)
  local wide = core.wide(s)
  local most = nn.stop_gradient(wide:max(-1, true))
  local e = (wide - nn.where(most:eq(-math.huge), 0.0, most)):exp()
  local total = e:sum(-1, true)
  return (e / nn.where(total:eq(0), 1.0, total)):cast(s.dtype)
end

-- Scores [.., L, S] of the queries from number `first` on, with what may not be seen at -Inf: its weight and its gradient
-- are exactly 0.
local function masked(s, mask, causal, first)
  local L, S = s.shape[s.rank - 1], s.shape[s.rank]
  if causal then s = nn.where(nn.iota(S):le((nn.iota(L) + first):reshape { L, 1 }), s, -math.huge) end
  if not mask then return s end
  if mask.dtype == "bool" then return nn.where(mask, s, -math.huge) end
  return s + mask
end

-- The attention of the queries from number `first` on: q [.., H, L, E], mask [.., L or 1, S]. Gives y and the weights.
local function attend(q, k, v, mask, first, options)
  local r, shape = q.rank, q.shape
  local L, S, E = shape[r - 1], k.shape[r - 1], shape[r]
  local grouped = r > 2 and shape[r - 2] ~= k.shape[r - 2]
  if grouped then -- the heads of a group lie one below the other: the products are as many as k has heads
    local folded = q.shape
    folded[r - 2], folded[r - 1] = k.shape[r - 2], shape[r - 2] // k.shape[r - 2] * L
    q = q:reshape(folded)
  end
  local s = q:matmul(k:transpose(-2, -1)) * (options.scale or 1 / math.sqrt(E)) -- in the row kernel of the softmax
  shape[r] = S
  if grouped then s = s:reshape(shape) end
  s = masked(s, mask, options.causal, first)
  local w = mask and safe_softmax(s) or nn.softmax(s)
  local used = options.dropout and nn.Dropout(options.dropout)(w) or w
  if grouped then
    local folded = q.shape
    folded[r] = S
    used = used:reshape(folded)
  end
  local y = used:matmul(v)
  shape[r] = v.shape[r]
  return grouped and y:reshape(shape) or y, w
end

-- [.., L, X] as [n, .., rows, X], filled up with zeros, and back
local function cut_rows(x, n, rows)
  local r, L = x.rank, x.shape[x.rank - 1]
  if L < n * rows then x = x:pad(r - 1, 0, n * rows - L) end
  local shape, order = x.shape, { r - 1 }
  table.insert(shape, r - 1, n)
  shape[r] = rows
  for d = 1, r + 1 do
    if d ~= r - 1 then order[#order + 1] = d end
  end
  return x:reshape(shape):transpose(order)
end

local function join_rows(x, L)
  local r, order, shape = x.rank, {}, {}
  for d = 2, r - 2 do order[#order + 1] = d end
  for _, d in ipairs { 1, r - 1, r } do order[#order + 1] = d end
  for d = 2, r do shape[d - 1] = x.shape[d] end
  shape[r - 2] = x.shape[1] * shape[r - 2]
  return x:transpose(order):reshape(shape):slice(-2, 1, L)
end

local BLOCK = 64

-- Long sequences go through in blocks of at most BLOCK queries, whose scores are computed again for the gradient: memory
-- grows with L, not with L S (Rabe and Staats 2021; Dao et al. 2022, with the blocks over queries alone). By shape alone:
-- where the scores of a query are at least twice what it reads and gives.
local function attend_in_blocks(q, k, v, mask, options)
  local L = q.shape[q.rank - 1]
  local n = (L + BLOCK - 1) // BLOCK
  local rows = (L + n - 1) // n
  local whole = mask and mask.rank > 1 and mask.shape[mask.rank - 1] > 1
  local xs = { q = cut_rows(q, n, rows), first = nn.iota(n) * rows }
  if whole then xs.mask = cut_rows(mask, n, rows) end
  local _, out = nn.scan(function(none, row)
    local y, w = attend(row.q, k, v, whole and row.mask or mask, row.first, options)
    return none, { y = y, weights = w }
  end, {}, xs, { checkpoint = n })
  return join_rows(out.y, L), join_rows(out.weights, L)
end

---@class nn.AttentionOptions
---@field mask? nn.Tensor `nil`; bool (true: may be seen) or floats to add, broadcast to [.., H, L, S]; a row of which nothing may be seen gives 0
---@field causal? boolean `false`; true: position i sees 1 … i
---@field scale? number `1 / sqrt(E)`
---@field dropout? number `nil`: of the weights, in training (torch drops in evaluation too)

--- softmax(q k^T scale + mask) v (Vaswani et al. 2017, eq. 1). Where q has more heads than k and v, each of theirs serves as many of its heads side by side (grouped
--- queries: Ainslie et al. 2023). Masked places get weights and gradients of exactly 0. With S >= 2 (E + Ev)
--- and L > 64 a step holds the scores of 64 queries at a time, unless the weights are used.
---@param q nn.Tensor [.., H, L, E]
---@param k nn.Tensor [.., H', S, E], H a multiple of H'
---@param v nn.Tensor [.., H', S, Ev]
---@param options? nn.AttentionOptions `{}`
---@return nn.Tensor [.., H, L, Ev]
---@return nn.Tensor weights [.., H, L, S], before dropout
function nn.scaled_dot_product_attention(q, k, v, options)
  local what = "nn.scaled_dot_product_attention"
  options = core.fields(what, options, { mask = "any", causal = "boolean", scale = "number", dropout = "number" })
  core.tensor(what, q)
  core.tensor(what, k)
  core.tensor(what, v)
  if not sizes_fit(q, k, v) then
    core.fail("layer_input", what, "q [.., H, L, E], k [.., H', S, E], v [.., H', S, Ev]",
              core.tensor_text(q) .. ", " .. core.tensor_text(k) .. ", " .. core.tensor_text(v))
  end
  if options.dropout then core.range(what, "dropout", options.dropout, 0, 0.999999, "at least 0 and below 1") end
  core.number(what, "scale", options.scale)
  local mask, r, shape = options.mask, q.rank, q.shape
  local L, S = shape[r - 1], k.shape[r - 1]
  shape[r] = S
  if mask ~= nil then core.factor(what, "mask", core.tensor(what .. "'s mask", mask), shape) end
  local long = L > BLOCK and S >= 2 * (q.shape[r] + v.shape[r]) and r < 7
  if long then return attend_in_blocks(q, k, v, mask, options) end
  return attend(q, k, v, mask, 0, options)
end

-- ---- heads ----

-- [N, T, H D] -> [N, H, T, D] and back
local function split_heads(x, heads)
  local N, T = x.shape[1], x.shape[2]
  return x:reshape { N, T, heads, -1 }:transpose(2, 3)
end

local function join_heads(x)
  local N, H, T, D = table.unpack(x.shape)
  return x:transpose(2, 3):reshape { N, T, H * D }
end

local function project(self, part, x, first, last)
  local bias = self.in_proj_bias and self.in_proj_bias:slice(1, first, last)
  local weight = self[part .. "_proj_weight"] or self.in_proj_weight:slice(1, first, last)
  return nn.linear(x, weight, bias)
end

-- q, k, v [N, T, ·] by the rows of in_proj_weight: one product where all three are one tensor, as in self-attention
local function projections(self, q, k, v)
  local E, K = self.embed_dim, self.kv_dim
  if rawequal(q, k) and rawequal(k, v) and self.in_proj_weight then
    local all = nn.linear(q, self.in_proj_weight, self.in_proj_bias)
    return all:slice(-1, 1, E), all:slice(-1, E + 1, E + K), all:slice(-1, E + K + 1, E + 2 * K)
  end
  return project(self, "q", q, 1, E), project(self, "k", k, E + 1, E + K), project(self, "v", v, E + K + 1, E + 2 * K)
end

local attention_options = { mask = "any", key_padding_mask = "any", causal = "boolean", rotary = "any" }

-- The masks of a call as one of [N or 1, H or 1, L, S]
local function call_mask(options)
  local mask, keys = options.mask, options.key_padding_mask
  if mask and mask.rank == 3 then mask = mask:reshape { mask.shape[1], 1, mask.shape[2], mask.shape[3] } end
  if not keys then return mask end
  keys = keys:reshape { keys.shape[1], 1, 1, keys.shape[2] }
  if not mask then return keys end
  return mask.dtype == "bool" and mask & keys or nn.where(keys, mask, -math.huge)
end

local function attention_forward(self, q, k, v, options)
  local what = "nn.MultiheadAttention"
  core.tensor(what, q)
  if k == nil then k = q end
  if v == nil then v = k end
  if type(k) == "table" and not core.kind(k) then k, v, options = q, q, k end -- (x, options)
  options = core.fields(what, options, attention_options)
  local width = { self.embed_dim, self.kdim, self.vdim }
  for i, x in ipairs { q, k, v } do
    core.tensor(what, x)
    if x.rank ~= 3 or x.shape[3] ~= width[i] then
      core.fail("layer_input", what, (self.batch_first and "[N, T, " or "[T, N, ") .. width[i] .. "]", core.tensor_text(x))
    end
  end
  if not self.batch_first then
    local one = q:transpose(1, 2)
    k, v = rawequal(k, q) and one or k:transpose(1, 2), rawequal(v, q) and one or v:transpose(1, 2)
    q = one
  end
  local a, b, c = projections(self, q, k, v)
  a, b, c = split_heads(a, self.num_heads), split_heads(b, self.kv_heads), split_heads(c, self.kv_heads)
  if options.rotary then a, b = options.rotary(a), options.rotary(b) end
  local y, weights = nn.scaled_dot_product_attention(a, b, c, { mask = call_mask(options), causal = options.causal, dropout = self.dropout > 0 and self.dropout or nil })
  y = self.out_proj(join_heads(y))
  return self.batch_first and y or y:transpose(1, 2), weights
end

---@class nn.MultiheadOptions
---@field dropout? number `0`, at least 0 and below 1: of the weights
---@field bias? boolean `true`
---@field kdim? integer `embed_dim`
---@field vdim? integer `embed_dim`
---@field kv_heads? integer `heads`, divides them: grouped queries
---@field batch_first? boolean `false`: [T, N, E]; true: [N, T, E]

--- Attention of `heads` heads with projections: `in_proj_weight` [E + 2 K, E] (or `q_proj_weight` [E, E], `k_proj_weight` [K, kdim], `v_proj_weight` [K, vdim]
--- where those differ), `in_proj_bias`, `out_proj`; K = E kv_heads / heads. Called (q, k, v, options) or (x, options); gives the output like q and the weights
--- [N, H, L, S]. Options of the call: `mask`, bool (true: may be seen; torch's module has it the other way round) or floats, [L, S] or [N, L, S];
--- `key_padding_mask`, bool [N, S], true: may be seen; `causal`; `rotary`, an nn.Rotary.
---@param embed_dim integer E
---@param heads integer divides E
---@param options? nn.MultiheadOptions `{}`
---@return nn.Module
function nn.MultiheadAttention(embed_dim, heads, options)
  local what = "nn.MultiheadAttention"
  core.count(what, "embed_dim", embed_dim)
  core.count(what, "heads", heads)
  options = core.fields(what, options, { dropout = "number", bias = "boolean", kdim = "number", vdim = "number", kv_heads = "number", batch_first = "boolean" })
  local kv_heads = core.count(what, "kv_heads", options.kv_heads or heads)
  if embed_dim % heads ~= 0 then core.fail("number_range", what, "embed_dim", "a multiple of the " .. heads .. " heads", embed_dim) end
  if heads % kv_heads ~= 0 then core.fail("number_range", what, "kv_heads", "a divisor of the " .. heads .. " heads", kv_heads) end
  local self = {
    embed_dim = embed_dim, num_heads = heads, kv_heads = kv_heads, kv_dim = embed_dim // heads * kv_heads, batch_first = options.batch_first or false,
    kdim = core.count(what, "kdim", options.kdim or embed_dim), vdim = core.count(what, "vdim", options.vdim or embed_dim), forward = attention_forward,
  }
  self.dropout = core.range(what, "dropout", options.dropout or 0, 0, 0.999999, "at least 0 and below 1")
  local xavier, rows = nn.init.xavier_uniform(), embed_dim + 2 * self.kv_dim
  if self.kdim == embed_dim and self.vdim == embed_dim then
    self.in_proj_weight = nn.parameter({ rows, embed_dim }, xavier)
  else
    self.q_proj_weight = nn.parameter({ embed_dim, embed_dim }, xavier)
    self.k_proj_weight = nn.parameter({ self.kv_dim, self.kdim }, xavier)
    self.v_proj_weight = nn.parameter({ self.kv_dim, self.vdim }, xavier)
  end
  self.out_proj = nn.Linear(embed_dim, embed_dim, { bias = options.bias })
  if options.bias ~= false then
    self.in_proj_bias = nn.parameter({ rows }, 0)
    self.out_proj.bias = nn.parameter({ embed_dim }, 0)
  end
  return core.module(self, what)
end
