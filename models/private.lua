-- private.lua: DP-SGD: per-example gradients, clipped, noised, and accounted for by Rényi DP
local nn = require "nn"
local N, lot, sigma, clip, delta = 60000, 256, 1.1, 1.0, 1e-5
local budget = nn.hyper("budget", 3.0)                        -- the largest epsilon the run may spend
local net = nn.Sequential { nn.Flatten(), nn.Linear(784, 64), nn.Tanh(), nn.Linear(64, 10) }
local opt, steps = nn.SGD { net, lr = 0.5, momentum = 0.9 }, nn.buffer({}, 0, "f64")

-- Mironov et al. 2019, section 3.3, at whole orders (tenths need its series, same place): plain Lua, run by nnc
local order, rdp = {}, {}
for a = 2, 64 do
  local q, log_c, total = lot / N, 0, 0                       -- log_c: log of "a over k"
  for k = 0, a do
    total = total + math.exp(log_c + (a - k) * math.log(1 - q) + k * math.log(q) + (k * k - k) / (2 * sigma ^ 2))
    log_c = log_c + math.log((a - k) / (k + 1))
  end
  order[a - 1] = a
  rdp[a - 1] = total < 1e250 and math.log(total) / (a - 1) or 1e9   -- 1e9: overflow, an order of no use
end
local function epsilon(t)
  return (t * nn.constant(rdp, "f64") + math.log(1 / delta) / (nn.constant(order, "f64") - 1)):min()
end

local function clipped(x, y, weight)                          -- one example; weight 0: not drawn
  local l = nn.cross_entropy(net(x:reshape { 1, 1, 28, 28 }), y:reshape { 1 })
  local g = nn.ravel(nn.grad(l, nn.parameters(net)))
  return g * weight * nn.minimum(1, clip / (g:norm() + 1e-12)), l * weight
end

local train = nn.func { on = "train", mode = "train", function(b)
  local _, unravel = nn.ravel(net)
  local g, l = nn.vmap(clipped, b.x, b.y, b.weight)           -- [B,P], [B]
  local noise = sigma * clip * nn.random.normal { nn.numel(net) }
  local within = epsilon(steps + 1):le(budget)
  nn.cond(within, function()
    opt:update(unravel((g:sum(1) + noise) / lot))
    nn.assign(steps, steps + 1)
  end)
  return { loss = l:sum() / nn.maximum(b.weight:sum(), 1), epsilon = epsilon(steps), spent = ~within }
end }

return nn.program {
  name = "private", model = net, state = { steps = steps },
  data = { train = nn.data.fashion_mnist { split = "train", sample = "poisson", rate = lot / N, batch = 352 } },
  train = train, run = { steps = 20000, step = train, stop = "train.spent" },
}
