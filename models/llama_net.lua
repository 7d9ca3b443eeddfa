-- llama_net.lua: the Llama architecture (Touvron et al. 2023): RMS norm before each block, rotary positions on adjacent
-- pairs, grouped queries, a SwiGLU feed-forward net (Shazeer 2020), a head tied to the embedding. Names as in Meta's code.
-- With `cached` the net says what comes next place by place, too: net.one.
local nn = require "nn"

local function Attention(c, rotary)
  local D = c.dim // c.heads
  local plain = { bias = false }
  local self = nn.Module {
    wq = nn.Linear(c.dim, c.dim, plain), wk = nn.Linear(c.dim, c.kv_heads * D, plain),
    wv = nn.Linear(c.dim, c.kv_heads * D, plain), wo = nn.Linear(c.dim, c.dim, plain),
    forward = function(self, x)                                                    -- [B,T,C]
      local B, T = x.shape[1], x.shape[2]
      local function heads(y) return y:reshape { B, T, -1, D }:transpose(2, 3) end -- [B,H,T,D]
      local q, k, v = rotary(heads(self.wq(x))), rotary(heads(self.wk(x))), heads(self.wv(x))
      local y = nn.scaled_dot_product_attention(q, k, v, { causal = true })
      return self.wo(y:transpose(2, 3):reshape { B, T, c.dim })
    end,
  }
  if not c.cached then return self end
  -- Keys and values of the places so far, [length,K,D]; not in model files
  local K, shape = c.kv_heads, { c.length, c.kv_heads, D }
  local keys, values = nn.buffer(shape, 0, nil, { saved = false }), nn.buffer(shape, 0, nil, { saved = false })
  -- One place: x [1,C] at place t; writes its row of the caches and looks at those up to it
  function self.one(x, t)
    local at = t:reshape { 1 }
    local cos, sin = rotary.cos:gather(1, at), rotary.sin:gather(1, at)             -- [1,D/2]
    local function turned(y, shape) return nn.rotary(y:reshape { -1, 1, D }, cos, sin, true):reshape(shape) end
    nn.assign(keys, keys:scatter(1, at, turned(self.wk(x), { 1, K, D }), "set"))
    nn.assign(values, values:scatter(1, at, self.wv(x):reshape { 1, K, D }, "set"))
    local q = turned(self.wq(x), { 1, K, -1, D })                                   -- G queries share a key
    local scores = (nn.value(keys):unsqueeze(3) * q):sum(4) / math.sqrt(D)          -- [length,K,G]
    local weights = nn.where(nn.iota(c.length):reshape { -1, 1, 1 }:le(t), scores, -math.huge):softmax(1)
    return self.wo((weights:unsqueeze(4) * values:unsqueeze(3)):sum(1):reshape { 1, c.dim })
  end
  return self
end

local function FeedForward(c)
  local plain = { bias = false }
  return nn.Module {
    w1 = nn.Linear(c.dim, c.hidden, plain), w2 = nn.Linear(c.hidden, c.dim, plain), w3 = nn.Linear(c.dim, c.hidden, plain),
    forward = function(self, x) return self.w2(nn.silu(self.w1(x)) * self.w3(x)) end,
  }
end

local function Block(c, rotary)
  local eps = { eps = 1e-5 }
  return nn.Module {
    attention = Attention(c, rotary), feed_forward = FeedForward(c),
    attention_norm = nn.RMSNorm(c.dim, eps), ffn_norm = nn.RMSNorm(c.dim, eps),
    forward = function(self, x, attend)
      x = x + (attend or self.attention)(self.attention_norm(x))
      return x + self.feed_forward(self.ffn_norm(x))
    end,
  }
end

-- c: vocab, dim, hidden, layers, heads, kv_heads, length, cached. Called with tokens [B,T] it gives scores [B,T,vocab].
return function(c)
  local rotary, layers = nn.Rotary(c.dim // c.heads, c.length, { adjacent = true }), {}
  for i = 1, c.layers do layers[i] = Block(c, rotary) end
  local embedding = nn.Embedding(c.vocab, c.dim, { init = nn.init.normal(0, 0.02) })
  local net = nn.Module {
    tok_embeddings = embedding, layers = layers, norm = nn.RMSNorm(c.dim, { eps = 1e-5 }), output = nn.Tied(embedding), rotary = rotary,
    forward = function(self, tokens)
      local x = self.tok_embeddings(tokens)
      for _, layer in ipairs(self.layers) do x = layer(x) end
      return self.output(self.norm(x))
    end,
  }
  -- Scores of place t, [1,vocab], of token [1] there; the caches know the places before
  function net.one(token, t)
    local x = net.tok_embeddings(token)
    for _, layer in ipairs(net.layers) do x = layer(x, function(y) return layer.attention.one(y, t) end) end
    return net.output(net.norm(x))
  end
  return net
end
