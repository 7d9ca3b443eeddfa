-- augment.lua: data augmentation as graph operations: mirrored, moved by a pixel, noise, and mixup (Zhang et al. 2018), drawn anew for every image
-- of every batch. Few images (300 of Fashion-MNIST), a net that could learn them by heart: what it makes of images that it has not seen shows the
-- difference. -D augment=false trains without.
local nn = require "nn"
local B, far, images = 50, 1, 300

local net = nn.Sequential {
  nn.Conv2d(1, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 32, 5), nn.ReLU(), nn.MaxPool2d(2),
  nn.Flatten(), nn.Linear(512, 128), nn.ReLU(), nn.Linear(128, 10),
}

-- [n,c,h,w], each image moved down by dy [n] rows (up: negative); zeros come in
local function moved_rows(x, dy)
  local n, c, h, w = table.unpack(x.shape)
  local row = nn.iota(h) - dy:reshape { n, 1 }                                     -- [n,h]
  local inside = row:ge(0) & row:lt(h)
  local index = nn.minimum(nn.maximum(row, 0), h - 1):reshape { n, 1, h, 1 }:broadcast { n, c, h, w }
  return nn.where(inside:reshape { n, 1, h, 1 }, x:take_along(3, index), 0)
end
local function moved(x, dy, dx) return moved_rows(moved_rows(x, dy):transpose(3, 4), dx):transpose(3, 4) end
local function mirrored(x, chosen) return nn.where(chosen:reshape { -1, 1, 1, 1 }, x:flip(4), x) end

local function augmented(x)
  local n = x.shape[1]
  x = mirrored(x, nn.random.bernoulli({ n }, 0.5))
  x = moved(x, nn.random.integers({ n }, -far, far), nn.random.integers({ n }, -far, far))
  return x + 0.02 * nn.random.normal(x.shape)
end

-- Images and labels of the batch and of its mirror image in order, mixed by one part for each: Beta(1, 1) is uniform.
local function mixup(x, y)
  local part = nn.random.uniform { x.shape[1] }
  local p = part:reshape { -1, 1, 1, 1 }
  local logits = net(p * x + (1 - p) * x:flip(1))
  local function loss(labels) return nn.cross_entropy(logits, labels, { reduction = "none" }) end
  return (part * loss(y) + (1 - part) * loss(y:flip(1))):mean()
end

local function loss(b)
  if not nn.arg("augment", true) then return nn.cross_entropy(net(b.x), b.y) end
  local x = augmented(b.x)
  return 0.5 * (nn.cross_entropy(net(x), b.y) + mixup(x, b.y))
end

-- What the operations do to one pixel at row 3, column 5, and to one at the border
local check = nn.func { function()
  local function pixel(r, c) return (nn.iota(28):eq(r):reshape { 28, 1 } & nn.iota(28):eq(c)):cast("float"):reshape { 1, 1, 28, 28 } end
  local function off(a, b) return (a - b):abs():max() end
  local function by(n) return nn.constant({ n }, "i32") end
  return {
    moved = off(moved(pixel(3, 5), by(2), by(-1)), pixel(5, 4)), lost = moved(pixel(27, 0), by(1), by(0)):sum(),
    mirrored = off(mirrored(pixel(3, 5), nn.constant({ 1 }, "i32"):eq(1)), pixel(3, 22)), kept = off(mirrored(pixel(3, 5), nn.constant({ 0 }, "i32"):eq(1)), pixel(3, 5)),
  }
end }

local all = nn.data.fashion_mnist { split = "train", batch = B, shuffle = true }
local few = nn.data.split(all, { images, { 60000 - images, batch = 250, shuffle = false } })
return nn.program {
  name = "augment", model = net,
  data = { train = few, test = nn.data.fashion_mnist { split = "test", batch = 250 } },
  train = nn.train { on = "train", loss = loss, optimizer = nn.AdamW { net, lr = nn.cosine(2e-3) } }, check = check,
  validate = nn.evaluate { on = "test", accuracy = function(b) return nn.accuracy(net(b.x), b.y) end },
  run = { epochs = 150, before = "check", step = "train", after = "validate" },
}

-- Reaches: (Fashion-MNIST, 300 training images, 900 steps) 78.1 and 77.5 % of the 10,000 test images (seeds 0 and 1); without augmentation 75.2 and 75.4 %. With
-- 1,000 images and 600 steps, moved by up to two pixels, it was behind: 76.1 against 78.8 %.
