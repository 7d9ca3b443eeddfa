-- llama.lua: a small Llama learns to look back. Sequences are random tokens, then the same again: the second half can be
-- known only by attention to the first. Its loss falls from log 16 = 2.77 to 0; that of the first half cannot.
local nn = require "nn"
local Llama = require "llama_net"
local B, T, V = 32, 16, 16

local net = Llama { vocab = V, dim = 48, hidden = 128, layers = 2, heads = 4, kv_heads = 2, length = 2 * T }

local function draw()
  local half = (nn.random.uniform { B, T } * V):floor():cast "i32"
  return nn.concat({ half, half }, 2)                                              -- [B,2T]
end

-- Scores and targets of the second half: the token after place i is the target at i.
local function second_half()
  local tokens = draw()
  local scores = net(tokens:slice(2, 1, -2))                                       -- [B,2T-1,V]
  return scores:slice(2, T, -1), tokens:slice(2, T + 1, -1)
end

local optimizer = nn.AdamW { net, lr = nn.cosine(nn.hyper("lr", 3e-3), { warmup = 50 }), betas = { 0.9, 0.95 } }

local train = nn.train { optimizer = optimizer, clip_norm = 1.0, loss = function()
  local scores, targets = second_half()
  return nn.cross_entropy(scores, targets), { accuracy = nn.accuracy(scores, targets) }
end }

return nn.program { name = "llama", model = net, train = train, steps = nn.hyper("steps", 1500) }
