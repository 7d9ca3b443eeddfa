-- judge.lua: what a classifier makes of a generator's digits (models/gan.lua, A12): models/lenet_mnist.lua's net with the weights it was trained to looks at
-- 10,000 samples, and at real images of the test set, for which it is known what it should say.
local nn = require "nn"
local Z, B, passes = 32, 250, 40
local G = nn.Sequential { nn.Linear(Z, 128), nn.ReLU(), nn.Linear(128, 784), nn.Sigmoid() }
local net = nn.Sequential {
  nn.Conv2d(1, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 32, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(512, 128), nn.ReLU(), nn.Linear(128, 10),
}
local sums = { accepted = nn.buffer({}, 0), entropy = nn.buffer({}, 0), classes = nn.buffer({ 10 }, 0) }

-- Of images [B,784]: accepted, the part whose most likely class has a probability of 0.9 and more; least, how often the rarest class is seen; score, the
-- inception score exp(mean KL(p(y|x) || p(y))) (Salimans et al. 2016): 10 at most. Means over all calls.
local function judge(images)
  local p = net(images:reshape { B, 1, 28, 28 }):softmax()
  nn.assign(sums.accepted, sums.accepted + p:max(2):ge(0.9):cast("f32"):mean() / passes)
  nn.assign(sums.entropy, sums.entropy - (p * nn.maximum(p, 1e-30):log()):sum(2):mean() / passes)
  nn.assign(sums.classes, sums.classes + p:mean(1) / passes)
  local c = nn.value(sums.classes)
  return { accepted = nn.value(sums.accepted), least = c:min(), score = (-(c * nn.maximum(c, 1e-30):log()):sum() - sums.entropy):exp() }
end
local samples = nn.func { function() return judge(G(nn.random.normal { B, Z })) end }
local reset = nn.func { function() nn.reset(sums) end }
local real = nn.func { on = "test", function(b) return judge(b.x) end }

return nn.program {
  name = "judge", model = { G = G, net = net }, state = sums, samples = samples, reset = reset, real = real,
  data = { test = nn.data.mnist { split = "test", batch = B } },
  run = { { steps = passes, step = samples, before = { nn.load { "G.safetensors", into = G }, nn.load { "lenet.safetensors", into = net } } },
          { steps = passes, step = real, before = reset } },
}
