-- embedding.lua: tokens as vectors. The task is made up: a sequence of 8 tokens out of 32; the class is the token at the
-- first place plus the one at the last, modulo 10. A mean over all places cannot know it, so places have vectors too.
local nn = require "nn"
local B, T, V, D = 64, 8, 32, 48

local net = {
  token = nn.Embedding(V, D), place = nn.Embedding(T, D),
  hidden = nn.Linear(T * D, 128), out = nn.Linear(128, 10),
}

local function scores(tokens)                                                      -- i32 [B,T]
  local h = net.token(tokens) + net.place(nn.iota(T))                              -- [B,T,D]
  return net.out(nn.relu(net.hidden(h:reshape { B, T * D })))
end

local function draw()
  local tokens = (nn.random.uniform { B, T } * V):floor():cast "i32"
  return tokens, (tokens:select(2, 1) + tokens:select(2, -1)) % 10
end

local train = nn.train { optimizer = nn.Adam { net, lr = nn.cosine(2e-3, { warmup = 100 }) }, loss = function()
  local tokens, class = draw()
  local s = scores(tokens)
  return nn.cross_entropy(s, class), { accuracy = nn.accuracy(s, class) }
end }

return nn.program { name = "embedding", model = net, train = train, steps = 3000 }

-- Reaches: (seed 0) every one of the last 100 batches of 64 without an error, a loss of 0.002, after 3000 steps.
