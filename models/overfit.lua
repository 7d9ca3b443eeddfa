-- overfit.lua: early stopping. 500,000 weights and 500 pictures: the training loss goes to 0, the validation loss falls and then rises.
-- `early` keeps the weights of the best epoch and stops after 5 without a better one, `restore` puts them back.
local nn = require "nn"
local net = nn.Sequential { nn.Flatten(), nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 256), nn.ReLU(), nn.Linear(256, 10) }

local all = nn.data.fashion_mnist { split = "train", batch = 50, shuffle = true }
local few, others = nn.data.split(all, { 500, { 5000, batch = 500, shuffle = false }, 54500 })

local function loss(b) return nn.cross_entropy(net(b.x), b.y) end

local validate = nn.evaluate { on = "valid", loss = loss, accuracy = function(b) return nn.accuracy(net(b.x), b.y) end }
local early, restore = nn.early_stopping { watch = validate.metrics.loss, keep = net, patience = 5 }
local train = nn.train { on = "train", loss = loss, optimizer = nn.Adam { net, lr = nn.hyper("lr", 1e-3) } }

return nn.program {
  name = "overfit", model = net, data = { train = few, valid = others },
  train = train, validate = validate, early = early, restore = restore,
  run = { epochs = nn.hyper("epochs", 100), step = train, each_epoch = { validate, early }, stop = "early.stop", after = { restore, validate } },
}

-- Reaches: (Fashion-MNIST, 500 of the training images; validation on 5000 others) the best validation loss, 0.626 (77.7 %), in the 8th
-- epoch; 0.785 in the 13th, where it stops, and 0.626 again with the weights put back.
