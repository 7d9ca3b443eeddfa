-- steps.lua: one training step of a layer each (-D case=…), for tests/train/memory.sh: what it keeps in scratch against what PyTorch allocates at its
-- peak for the same step (tests/oracle/memory.py).
local nn = require "nn"
local cases = {
  conv = { { 32, 16, 32, 32 }, function() return nn.Conv2d(16, 32, 3, { padding = 1 }) end },
  pool = { { 32, 16, 32, 32 }, function()
    return nn.Sequential { nn.Conv2d(16, 32, 3, { padding = 1 }), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(32, 32, 3, { padding = 1 }) }
  end },
  attention = { { 8, 256, 384 }, function() return nn.MultiheadAttention(384, 6, { batch_first = true }) end, { causal = true } },
  long_attention = { { 2, 1024, 384 }, function() return nn.MultiheadAttention(384, 6, { batch_first = true }) end },
  lstm = { { 64, 32, 64 }, function() return nn.LSTM(64, 256) end },
}
local shape, make, options = table.unpack(cases[nn.arg("case", "conv")])
local net = make()
local row = table.move(shape, 2, #shape, 1, {})
return nn.program {
  name = "step", model = net, data = { train = nn.data.random { x = row, rows = shape[1], batch = shape[1] } },
  train = nn.train { on = "train", loss = function(b) return ((net(b.x, options)) ^ 2):mean() end, optimizer = nn.SGD { net, lr = 1e-2 } },
  steps = 1,
}
