-- dropout.lua: an MLP with dropout whose rate of learning falls over the run, shuffled batches (nine a pass, five rows left over),
-- validation with a row left over, early stopping that never stops, outputs that go to files, a best metric.
local nn = require "nn"
local function rows(n, seed)
  local x, y = {}, {}
  for i = 1, n do
    x[i], y[i] = {}, i % 3
    for k = 1, 8 do x[i][k] = math.sin(seed * i * k + k) + (k == i % 3 + 1 and 1 or 0) end
  end
  return { x = x, y = y }
end
local learnt, unseen = rows(149, 1), rows(13, 2)
local net = nn.Sequential { nn.Linear(8, 32), nn.ReLU(), nn.Dropout(0.3), nn.Linear(32, 32), nn.ReLU(), nn.Dropout(0.3), nn.Linear(32, 3) }
local function loss(b) return nn.cross_entropy(net(b.x), b.y) end
local train = nn.train { on = "train", loss = loss, optimizer = nn.AdamW { net, lr = nn.cosine(nn.hyper("lr", 1e-2)) }, clip_norm = 1 }
local validate = nn.evaluate { on = "test", loss = loss, accuracy = function(b) return nn.accuracy(net(b.x), b.y) end }
local watch = nn.func { function() return { stop = validate.metrics.loss:gt(1e3), norm = nn.ravel(net):norm(), draw = nn.random.normal { 3 } } end }
return nn.program {
  name = "dropout", model = net, train = train, validate = validate, watch = watch,
  data = { train = nn.data.table { x = learnt.x, y = learnt.y, batch = 16, shuffle = true, classes = 3 },
           test = nn.data.table { x = unseen.x, y = unseen.y, batch = 4, classes = 3 } },
  run = { epochs = nn.hyper("epochs", 6), step = { train, { watch, every = 7, write = { draw = "draw.npy" } } },
          each_epoch = { validate, { watch, write = { norm = "norm.txt" } } }, stop = "watch.stop", after = validate },
}
