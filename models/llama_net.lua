-- llama_net.lua: the Llama architecture (Touvron et al. 2023): RMS norm before each block, rotary positions on adjacent
-- pairs, grouped queries, a SwiGLU feed-forward net (Shazeer 2020), a head tied to the embedding. Names as in Meta's code.
local nn = require "nn"

local function Attention(c, rotary)
  local D = c.dim // c.heads
  local plain = { bias = false }
  return nn.Module {
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
    forward = function(self, x)
      x = x + self.attention(self.attention_norm(x))
      return x + self.feed_forward(self.ffn_norm(x))
    end,
  }
end

-- c: vocab, dim, hidden, layers, heads, kv_heads, length. Called with tokens [B,T] it gives scores [B,T,vocab].
return function(c)
  local rotary, layers = nn.Rotary(c.dim // c.heads, c.length, { adjacent = true }), {}
  for i = 1, c.layers do layers[i] = Block(c, rotary) end
  local embedding = nn.Embedding(c.vocab, c.dim, { init = nn.init.normal(0, 0.02) })
  return nn.Module {
    tok_embeddings = embedding, layers = layers, norm = nn.RMSNorm(c.dim, { eps = 1e-5 }), output = nn.Tied(embedding), rotary = rotary,
    forward = function(self, tokens)
      local x = self.tok_embeddings(tokens)
      for _, layer in ipairs(self.layers) do x = layer(x) end
      return self.output(self.norm(x))
    end,
  }
end
