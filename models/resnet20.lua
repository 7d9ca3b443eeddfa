-- resnet20.lua: ResNet-20 of He et al. (2015, section 4.2): 3x3 convolutions in three stages of three blocks, 16, 32 and 64
-- channels; where a stage halves the image, the shortcut takes every other pixel and zeros for the channels that it lacks (option
-- A). Names and layouts are those of the usual PyTorch programs. CIFAR-10, in data/cifar-10-batches-bin or where
-- --data train=FILE,… --data test=FILE says.
local nn = require "nn"

local function block(inputs, outputs, stride)
  return nn.Module {
    conv1 = nn.Conv2d(inputs, outputs, 3, { stride = stride, padding = 1, bias = false }), bn1 = nn.BatchNorm2d(outputs),
    conv2 = nn.Conv2d(outputs, outputs, 3, { padding = 1, bias = false }), bn2 = nn.BatchNorm2d(outputs),
    forward = function(m, x)
      local y = m.bn2(m.conv2(nn.relu(m.bn1(m.conv1(x)))))
      if stride > 1 then x = nn.avg_pool2d(x, 1, { stride = stride }):pad(2, (outputs - inputs) // 2, (outputs - inputs) // 2) end
      return nn.relu(x + y)
    end,
  }
end
local function stage(inputs, outputs, stride)
  return nn.Sequential { block(inputs, outputs, stride), block(outputs, outputs, 1), block(outputs, outputs, 1) }
end
local net = nn.Module {
  conv1 = nn.Conv2d(3, 16, 3, { padding = 1, bias = false }), bn1 = nn.BatchNorm2d(16),
  layer1 = stage(16, 16, 1), layer2 = stage(16, 32, 2), layer3 = stage(32, 64, 2), linear = nn.Linear(64, 10),
  forward = function(m, x)                                                        -- [B, 3, 32, 32]
    local y = m.layer3(m.layer2(m.layer1(nn.relu(m.bn1(m.conv1(x))))))            -- [B, 64, 8, 8]
    return m.linear(y:mean { 3, 4 })
  end,
}

local function loss(b) return nn.cross_entropy(net(2 * b.x - 1), b.y) end
local optimizer = nn.SGD { net, lr = nn.cosine(nn.hyper("lr", 0.1)), momentum = 0.9, weight_decay = 1e-4 }

return nn.program {
  name     = "resnet20", model = net,
  data     = { train = nn.data.cifar10 { split = "train", batch = nn.arg("batch", 100), shuffle = true },
               test  = nn.data.cifar10 { split = "test", batch = 250 } },
  train    = nn.train { on = "train", loss = loss, optimizer = optimizer },
  validate = nn.evaluate { on = "test", loss = loss, accuracy = function(b) return nn.accuracy(net(2 * b.x - 1), b.y) end },
  epochs   = 20,
}

-- Reaches: (the first 4000 training and 1000 test images of CIFAR-10, 3 epochs in the files' order from the weights of tests/oracle/vision.py)
-- 22.3, 31.7, 36.9 % of the test images after each epoch; PyTorch 25.3, 32.0, 38.8 %. Three steps in f64 equal PyTorch's to 1e-14.
-- Shuffled, from its own weights (seed 0), 20 epochs: 56.5 %; 8 epochs: 50.9 %.
