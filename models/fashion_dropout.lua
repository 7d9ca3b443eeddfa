-- fashion_dropout.lua: a perceptron with dropout, decoupled weight decay, a clipped gradient norm and a warm-up.
-- Dropout exists in `train` only: a function's mode decides, so `validate` has no code for it.
local nn = require "nn"
local width = nn.arg("width", 256)                            -- nnc -D width=512 …

local net = nn.Sequential {
  nn.Flatten(),
  nn.Linear(784, width), nn.GELU(), nn.Dropout(0.2),
  nn.Linear(width, width), nn.GELU(), nn.Dropout(0.2),
  nn.Linear(width, 10),
}

local function loss(b)
  local scores = net(b.x)
  return nn.cross_entropy(scores, b.y), { accuracy = nn.accuracy(scores, b.y) }
end

local optimizer = nn.AdamW {
  net, weight_decay = 0.01,
  lr = nn.cosine(nn.hyper("lr", 2e-3, { min = 0, help = "the largest learning rate" }), { warmup = 200 }),
}

return nn.program {
  model    = net,
  data     = { train = nn.data.fashion_mnist { split = "train", batch = 128, shuffle = true },
               test  = nn.data.fashion_mnist { split = "test",  batch = 256 } },   -- 39 batches and 16 rows, one by one
  train    = nn.train { on = "train", loss = loss, optimizer = optimizer, clip_norm = 1.0 },
  validate = nn.evaluate { on = "test", loss = loss, accuracy = function(b) return nn.accuracy(net(b.x), b.y) end },
  epochs   = nn.hyper("epochs", 5),
}
