-- gpt.lua: a small GPT writes Shakespeare, character by character (Karpathy's tiny Shakespeare, 1.1 MB; --data train=FILE
-- --data test=FILE). The first 90 % are learnt, the rest is validation. `generate` keeps keys and values of the positions before and draws
-- by --temperature, --top_k and --top_p (a temperature of 0: the likeliest); `compare` says the same text without: `same` is the part of the characters that agree.
local nn = require "nn"
local GPT = require "gpt_net"
local B, T = nn.arg("batch", 32), nn.arg("length", 64)
local alphabet = "\n !$&',-.3:;?ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
local V = #alphabet
local net = GPT { vocab = V, dim = nn.arg("dim", 128), layers = nn.arg("layers", 4), heads = nn.arg("heads", 4), length = T }

local function loss(b) return nn.cross_entropy(net(b.x), b.y) end
local lr = nn.hyper("lr", 2e-3)
local choice = {
  temperature = nn.hyper("temperature", 0.8, { min = 0 }), top_k = nn.hyper("top_k", 0, { min = 0 }),
  top_p = nn.hyper("top_p", 1.0, { min = 0, max = 1 }),
}
local train = nn.train {
  on = "train", loss = loss, clip_norm = 1.0,
  optimizer = nn.AdamW { net, lr = nn.cosine(lr, { warmup = 20, final = 1e-4 }), betas = { 0.9, 0.95 }, weight_decay = 0.1 },
}

local prompt = nn.input({ 8 }, "i32", 0)
local generate = nn.func { inputs = { prompt = prompt }, function(i)
  return { text = net.generate_cached(i.prompt, nn.random.gumbel { T, V }, choice) }
end }
local compare = nn.func { inputs = { prompt = prompt }, function(i)
  local noise = nn.random.gumbel { T, V }
  local cached, plain = net.generate_cached(i.prompt, noise, choice), net.generate(i.prompt, noise, choice)
  return { cached = cached, plain = plain, same = cached:eq(plain):mean() }
end }

local text = nn.data.text { file = "data/tinyshakespeare.txt", vocabulary = alphabet, length = T, batch = B, shuffle = true }
local learnt, unseen = nn.data.split(text, { 0.9, { 0.1, shuffle = false, drop_last = true } })
return nn.program {
  name = "gpt", model = net, data = { train = learnt, test = unseen },
  train = train, validate = nn.evaluate { on = "test", loss = loss }, generate = generate, compare = compare,
  run = { epochs = nn.hyper("epochs", 2), step = train, each_epoch = "validate",
          after = { { generate, write = { text = "-" } }, compare } },
}

-- Reaches: (f32, seed 0, --no-shuffle) a validation loss of 2.1676 nats a character after the first of 2 epochs of 490 steps, where
-- PyTorch from the same weights on the same batches has 2.1673, and 1.9911 after the second, PyTorch 1.9907 (tests/oracle/gpt.py); `same` is 1.
