-- convnet.lua: convolutions with batch norm and dropout; gradients of two batches make one step, weights are averaged.
local nn = require "nn"
local x, y = {}, {}
for i = 1, 60 do
  x[i], y[i] = { {} }, i % 2
  for r = 1, 8 do
    x[i][1][r] = {}
    for c = 1, 8 do x[i][1][r][c] = math.cos(i * r + 3 * c) / 2 + (i % 2 == 1 and r == c and 1 or 0) end
  end
end
local net = nn.Sequential {
  nn.Conv2d(1, 4, 3, { padding = 1 }), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout2d(0.2), nn.Conv2d(4, 8, 3, { stride = 2 }), nn.BatchNorm2d(8),
  nn.ReLU(), nn.Flatten(), nn.Dropout(0.5), nn.Linear(72, 2),
}
local mean = nn.EMA { net, decay = 0.9 }
local function loss(b) return nn.cross_entropy(net(b.x), b.y) end
local train = nn.train { on = "train", loss = loss, optimizer = nn.SGD { net, lr = 0.05, momentum = 0.9 }, accumulate = 2 }
local average = nn.func { function() mean:update() return { norm = nn.ravel(net):norm() } end }
return nn.program {
  name = "convnet", model = net, train = train, average = average, validate = nn.evaluate { on = "train", loss = loss },
  data = { train = nn.data.table { x = x, y = y, batch = 8, shuffle = true, classes = 2 } },
  run = { steps = 40, step = { train, average }, each_epoch = "validate", after = "validate" },
}
