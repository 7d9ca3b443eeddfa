-- fashion.lua: a multi-layer perceptron that stops before it over-fits
local nn = require "nn"
local width = nn.arg("width", 512)

local net = nn.Sequential {
  nn.Flatten(),
  nn.Linear(784, width), nn.ReLU(), nn.Dropout(0.2),
  nn.Linear(width, 10),
}

local function loss(b) return nn.cross_entropy(net(b.x), b.y) end

local validate = nn.evaluate {
  on = "test", loss = loss,
  accuracy = function(b) return nn.accuracy(net(b.x), b.y) end,
}
local early, restore = nn.early_stopping { watch = validate.metrics.loss, keep = net, patience = 5 }
local train = nn.train { on = "train", loss = loss, optimizer = nn.Adam { net, lr = nn.hyper("lr", 1e-3) } }

return nn.program {
  name = "fashion", model = net,
  data = { train = nn.data.fashion_mnist { split = "train", batch = 128, shuffle = true },
           test  = nn.data.fashion_mnist { split = "test", batch = 250 } },
  train = train, validate = validate, early = early, restore = restore,
  run = { epochs = nn.hyper("epochs", 50), step = train, each_epoch = { validate, early },
          stop = "early.stop", after = { restore, validate } },
}
