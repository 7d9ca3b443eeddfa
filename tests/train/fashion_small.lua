-- fashion_small.lua: models/fashion_mlp.lua with narrower hidden layers, for runs under qemu and valgrind; -D width=N eps=X
local nn = require "nn"
local width = nn.arg("width", 64)

local net = nn.Sequential {
  nn.Flatten(),
  nn.Linear(784, width), nn.ReLU(),
  nn.Linear(width, width), nn.ReLU(),
  nn.Linear(width, 10),
}

local function loss(b) return nn.cross_entropy(net(b.x), b.y) end

return nn.program {
  name  = "fashion_small", model = net,
  data  = { train = nn.data.fashion_mnist { split = "train", batch = 128, shuffle = true } },
  train = nn.train { on = "train", loss = loss, optimizer = nn.Adam { net, lr = nn.cosine(nn.hyper("lr", 1e-3)), eps = nn.arg("eps", 1e-8) } },
  epochs = 10,
}
