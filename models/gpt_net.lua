-- gpt_net.lua: GPT-2's architecture (Radford et al. 2019): learned positions, layer norm before attention and before the
-- feed-forward net, GELU, a head tied to the embedding. Names as in its weights, layouts as in nn.Linear: [out,in].
-- net(tokens [B,T]) gives scores [B,T,vocab]; net.generate and net.generate_cached say what comes next.
local nn = require "nn"

local function Attention(c)
  local D = c.dim // c.heads
  local self = nn.Module { c_attn = nn.Linear(c.dim, 3 * c.dim), c_proj = nn.Linear(c.dim, c.dim), forward = function(self, x) -- [B,T,C]
    local B, T = x.shape[1], x.shape[2]
    local parts = self.c_attn(x):reshape { B, T, 3, c.heads, D }:transpose(2, 4) -- [B,H,3,T,D]
    local y = nn.scaled_dot_product_attention(parts:select(3, 1), parts:select(3, 2), parts:select(3, 3), { causal = true })
    return self.c_proj(y:transpose(2, 3):reshape { B, T, c.dim })
  end }
  -- Keys and values of the positions so far, [length,H,D]; not in model files
  local shape = { c.length, c.heads, D }
  local keys, values = nn.buffer(shape, 0, nil, { saved = false }), nn.buffer(shape, 0, nil, { saved = false })
  -- One position: x [1,C] at place t; writes its row of the caches and looks at those up to it
  function self.one(x, t)
    local parts = self.c_attn(x):reshape { 3, 1, c.heads, D }
    nn.assign(keys, keys:scatter(1, t:reshape { 1 }, parts[2], "set"))
    nn.assign(values, values:scatter(1, t:reshape { 1 }, parts[3], "set"))
    local scores = (nn.value(keys) * parts[1]):sum(3) / math.sqrt(D) -- [length,H]
    local weights = nn.where(nn.iota(c.length):reshape { -1, 1 }:le(t), scores, -math.huge):softmax(1)
    return self.c_proj((weights:reshape { c.length, c.heads, 1 } * values):sum(1):reshape { 1, c.dim })
  end
  return self
end

local function Block(c)
  return nn.Module {
    ln_1 = nn.LayerNorm(c.dim), attn = Attention(c), ln_2 = nn.LayerNorm(c.dim),
    mlp = nn.Sequential { nn.Linear(c.dim, 4 * c.dim), nn.GELU(), nn.Linear(4 * c.dim, c.dim) },
    forward = function(self, x, attend)
      x = x + (attend or self.attn)(self.ln_1(x))
      return x + self.mlp(self.ln_2(x))
    end,
  }
end

-- c: vocab, dim, layers, heads, length
return function(c)
  local net = { wte = nn.Embedding(c.vocab, c.dim, { init = nn.init.normal(0, 0.02) }), h = {}, ln_f = nn.LayerNorm(c.dim) }
  net.wpe = nn.parameter({ c.length, c.dim }, nn.init.normal(0, 0.02))
  for i = 1, c.layers do net.h[i] = Block(c) end
  local function head(x) return nn.linear(net.ln_f(x), net.wte.weight) end
  -- [B,T,C] to scores [B,T,vocab]
  function net.body(x)
    for _, block in ipairs(net.h) do x = block(x) end
    return head(x)
  end
  function net.forward(_, tokens) return net.body(net.wte(tokens) + net.wpe:slice(1, 1, tokens.shape[2])) end

  -- Scores of position t, [1,vocab], of token [1] there; the caches know the positions before
  local function one(token, t)
    local x = net.wte(token) + net.wpe:gather(1, t:reshape { 1 })
    for _, block in ipairs(net.h) do x = block(x, function(y) return block.attn.one(y, t) end) end
    return head(x)
  end
  -- The prompt [P] and what follows, [length]: at each place the largest of the scores, filtered by the choice (nn.filtered_logits), plus
  -- noise [length,vocab], which draws from their softmax when the noise is Gumbel's. scores(tokens [1,length], t) are those of place t, [1,vocab].
  local function said(prompt, noise, choice, scores)
    local P = prompt.shape[1]
    local start = prompt:pad(1, 0, c.length - P)
    return (nn.scan(function(tokens, row)
      local next = (nn.filtered_logits(scores(tokens:reshape { 1, -1 }, row.t), choice) + row.noise):argmax(2):cast "i32"
      return nn.where(row.t:lt(P - 1), tokens, tokens:scatter(1, row.t:reshape { 1 } + 1, next, "set"))
    end, start, { t = nn.iota(c.length - 1), noise = noise:slice(1, 1, c.length - 1) }))
  end
  function net.generate(prompt, noise, choice)
    return said(prompt, noise, choice, function(tokens, t) return net(tokens):gather(2, t:reshape { 1 }):reshape { 1, c.vocab } end)
  end
  function net.generate_cached(prompt, noise, choice)
    return said(prompt, noise, choice, function(tokens, t) return one(tokens:gather(2, t:reshape { 1 }):reshape { 1 }, t) end)
  end
  return nn.Module(net)
end
