-- transformer.lua: the Transformer's layers (Vaswani et al. 2017; norm_first: Xiong et al. 2020), PyTorch's names of states
-- and defaults.
local nn, core = ...

local function layer_options(what, d_model, heads, options)
  core.count(what, "d_model", d_model)
  core.count(what, "heads", heads)
  if d_model % heads ~= 0 then core.fail("number_range", what, "d_model", "a multiple of the " .. heads .. " heads", d_model) end
  options = core.fields(what, options, {
    dim_feedforward = "number", dropout = "number", activation = "any", layer_norm_eps = "number", batch_first = "boolean", norm_first = "boolean", bias = "boolean",
    kv_heads = "number",
  })
  local activation = options.activation or "relu"
  if activation == "relu" or activation == "gelu" then activation = nn[activation] end
  if type(activation) ~= "function" and (type(activation) ~= "table" or not core.kind(activation)) then
    core.fail("mode_unknown", what .. "'s activation", core.what(activation) == "a string" and activation or core.what(activation))
  end
  local inner, p = core.count(what, "dim_feedforward", options.dim_feedforward or 2048), core.range(what, "dropout", options.dropout or 0.1, 0, 0.999999, "at least 0 and below 1")
  local kv_heads = core.count(what, "kv_heads", options.kv_heads or heads)
  if heads % kv_heads ~= 0 then core.fail("number_range", what, "kv_heads", "a divisor of the " .. heads .. " heads", kv_heads) end
  if options.layer_norm_eps then core.range(what, "layer_norm_eps", options.layer_norm_eps, 0, math.huge, "at least 0") end
  local bias = { bias = options.bias }
  local attention = { dropout = p, bias = options.bias, batch_first = options.batch_first, kv_heads = kv_heads }
  local self = { self_attn = nn.MultiheadAttention(d_model, heads, attention), norm_first = options.norm_first or false, activation = activation }
  local function norm() return nn.LayerNorm(d_model, { eps = options.layer_norm_eps, bias = options.bias }) end
  return self, norm, function() -- after what stands between in the order of construction
    self.linear1, self.linear2 = nn.Linear(d_model, inner, bias), nn.Linear(inner, d_model, bias)
    self.drop = nn.Dropout(p)
  end, attention
end

local function feed_forward(self, x) return self.linear2(self.drop(self.activation(self.linear1(x)))) end

-- x + f(norm(x)), or norm(x + f(x)): PyTorch drops f's result in both
local function block(self, norm, x, f)
  if self.norm_first then return x + self.drop(f(norm(x))) end
  return norm(x + self.drop(f(x)))
end

-- [.., .., d_model], as the attention wants it
local function sequence(self, what, x)
  core.tensor(what, x)
  local size = self.self_attn.embed_dim
  if x.rank ~= 3 or x.shape[3] ~= size then
    core.fail("layer_input", what, (self.self_attn.batch_first and "[N, T, " or "[T, N, ") .. size .. "]", core.tensor_text(x))
  end
end

local function encoder_forward(self, x, options)
  sequence(self, "nn.TransformerEncoderLayer", x)
  x = block(self, self.norm1, x, function(h) return (self.self_attn(h, options or {})) end)
  return block(self, self.norm2, x, function(h) return feed_forward(self, h) end)
end

---@class nn.TransformerOptions
---@field dim_feedforward? integer `2048`
---@field dropout? number `0.1`
---@field activation? "relu"|"gelu"|function `"relu"`
---@field layer_norm_eps? number `1e-5`
---@field batch_first? boolean `false`: [T, N, E]; true: [N, T, E]
---@field norm_first? boolean `false`: the norms stand behind the additions; true: in front of each part (Xiong et al. 2020)
---@field bias? boolean `true`
---@field kv_heads? integer `heads`

--- Self-attention, then a feed-forward net, each with dropout, a residual connection and layer norm (Vaswani et al. 2017). States: `self_attn`, `linear1`,
--- `linear2`, `norm1`, `norm2`. Called (x, options) with the options of [`nn.MultiheadAttention`](#nn.MultiheadAttention)'s call.
---@param d_model integer E
---@param heads integer divides E
---@param options? nn.TransformerOptions `{}`
---@return nn.Module
function nn.TransformerEncoderLayer(d_model, heads, options)
  local what = "nn.TransformerEncoderLayer"
  local self, norm, feed = layer_options(what, d_model, heads, options)
  feed()
  self.norm1, self.norm2, self.forward = norm(), norm(), encoder_forward
  return core.module(self, what)
end

local function decoder_forward(self, x, memory, options)
  sequence(self, "nn.TransformerDecoderLayer", x)
  core.tensor("nn.TransformerDecoderLayer", memory)
  options = core.fields("nn.TransformerDecoderLayer", options, { target = "any", memory = "any" })
  x = block(self, self.norm1, x, function(h) return (self.self_attn(h, options.target or {})) end)
  x = block(self, self.norm2, x, function(h) return (self.multihead_attn(h, memory, memory, options.memory)) end)
  return block(self, self.norm3, x, function(h) return feed_forward(self, h) end)
end

--- Self-attention, attention to a memory, a feed-forward net. States: `self_attn`, `multihead_attn`, `linear1`, `linear2`, `norm1` … `norm3`. Called
--- (x, memory, { target?, memory? }): options for the two attentions; without `target = { causal = true }` every position sees all.
---@param d_model integer E
---@param heads integer divides E
---@param options? nn.TransformerOptions `{}`
---@return nn.Module
function nn.TransformerDecoderLayer(d_model, heads, options)
  local what = "nn.TransformerDecoderLayer"
  local self, norm, feed, attention = layer_options(what, d_model, heads, options)
  self.multihead_attn = nn.MultiheadAttention(d_model, heads, attention)
  feed()
  self.norm1, self.norm2, self.norm3, self.forward = norm(), norm(), norm(), decoder_forward
  return core.module(self, what)
end

-- Equal layers one after the other, then `norm`: `layers.0.…`, `norm.…`
local function stack(what, make, count, norm, forward)
  if type(make) ~= "function" then core.fail("function_wanted", what, "its first argument, which makes a layer,", core.what(make)) end
  local self = { layers = {}, norm = norm, forward = forward }
  for i = 1, core.count(what, "count", count) do self.layers[i] = make(i) end
  return core.module(self, what)
end

--- `count` encoder layers, `layers.0` …, and a last `norm`. Called as its layers are.
---@param make fun(i: integer): nn.Module
---@param count integer
---@param norm? nn.Module `nil`
---@return nn.Module
function nn.TransformerEncoder(make, count, norm)
  return stack("nn.TransformerEncoder", make, count, norm, function(self, x, options)
    for _, layer in ipairs(self.layers) do x = layer(x, options) end
    return self.norm and self.norm(x) or x
  end)
end

--- `count` decoder layers, `layers.0` …, and a last `norm`. Called as its layers are.
---@param make fun(i: integer): nn.Module
---@param count integer
---@param norm? nn.Module `nil`
---@return nn.Module
function nn.TransformerDecoder(make, count, norm)
  return stack("nn.TransformerDecoder", make, count, norm, function(self, x, memory, options)
    for _, layer in ipairs(self.layers) do x = layer(x, memory, options) end
    return self.norm and self.norm(x) or x
  end)
end
