-- net.lua: for trap.sh: layers with dropout, batch norm, pooling and a masked attention under Adam: with and without --trap its weights
-- and losses have the same bits.
local nn = require "nn"
local shift = nn.hyper("shift", 0.0)
local net = nn.Sequential { nn.Conv2d(1, 4, 3, { padding = 1 }), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2, { padding = 1 }),
                            nn.Dropout(0.1), nn.Flatten(), nn.Linear(100, 24), nn.GELU() }
local attend, last = nn.MultiheadAttention(8, 2), nn.Linear(24, 3)

local function loss(b)
  local h = net(b.x):reshape { -1, 3, 8 }
  local p = nn.softmax(last(attend(h, h, h, { causal = true }):reshape { -1, 24 }), 2)
  local above = p - shift
  return -above:log():mean()
end

return nn.program {
  name = "net", model = { net, attend, last }, steps = 6,
  data = { train = nn.data.random { x = { 1, 8, 8 }, rows = 64, batch = 16 } },
  train = nn.train { on = "train", loss = loss, optimizer = nn.Adam { net, attend, last, lr = 1e-2 }, clip_norm = 1 },
}
