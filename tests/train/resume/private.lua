-- private.lua: Poisson draws (eight a pass), noise on gradients, a function that is called several times a step.
local nn = require "nn"
local x = {}
for i = 1, 64 do x[i] = { math.sin(i), math.cos(2 * i), i % 5 / 5 } end
local net = nn.Sequential { nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 3) }
local opt = nn.Adam { net, lr = 1e-2 }
local train = nn.func { on = "rows", mode = "train", function(b)
  local l = (((net(b.x) - b.x) ^ 2):mean(2) * b.weight):sum() / 8
  local g, unravel = nn.ravel(net)
  local noise = unravel(nn.random.normal { nn.numel(net) } * 0.01)
  opt:update(nn.map(function(a, n) return a + n end, nn.grad(l, nn.values(net)), noise))
  return { loss = l, rows = b.weight:sum() }
end }
return nn.program {
  name = "private", model = net, train = train,
  data = { rows = nn.data.table { x = x, batch = 30, sample = "poisson", rate = 0.125 } },
  run = { epochs = 5, step = { train, times = 2 } },
}
