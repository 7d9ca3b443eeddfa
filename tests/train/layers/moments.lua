-- moments.lua: what is random: initialisers, dropout and residual layers, by numbers that theory gives (tests/train/moments.sh).
local nn = require "nn"
local function rms(x) return (x * x):mean():sqrt() end
local init, conv = nn.init, { 64, 32, 3, 3 }

-- ---- initialisers: { shape, initialiser, standard deviation (nil: not asked) } ----
local a = 0.2
local drawn = {
  xavier_uniform = { { 300, 200 }, init.xavier_uniform(), math.sqrt(2 / 500) },
  xavier_normal = { { 300, 200 }, init.xavier_normal(init.gain "tanh"), 5 / 3 * math.sqrt(2 / 500) },
  xavier_conv = { conv, init.xavier_normal(), math.sqrt(2 / (9 * 96)) },
  he_uniform = { { 300, 200 }, init.he_uniform(a), math.sqrt(2 / (1 + a * a) / 200) },
  he_normal = { { 300, 200 }, init.he_normal { mode = "fan_out", nonlinearity = "relu" }, math.sqrt(2 / 300) },
  he_conv = { conv, init.he_normal(), math.sqrt(2 / (9 * 32)) },
  he_conv1d = { { 64, 32, 5 }, init.he_uniform(), math.sqrt(2 / (5 * 32)) },
  he_dropout = { { 300, 200 }, init.he_normal { dropout = 0.4 }, math.sqrt(2 * 0.6 / 200) },
  lecun_uniform = { { 300, 200 }, init.lecun_uniform(), math.sqrt(1 / 200) },
  lecun_normal = { { 300, 200 }, init.lecun_normal(), math.sqrt(1 / 200) },
  -- variance of the normal cut at 2 deviations: 1 - 4 phi(2) / (2 Phi(2) - 1)
  trunc_normal = { { 300, 200 }, init.trunc_normal(0, 0.5, -1, 1), 0.5 * math.sqrt(0.77374) },
  sparse = { { 50, 400 }, init.sparse(0.3, 2), 2 * math.sqrt(0.7) },
}
local states, out = {}, {}
for name, of in pairs(drawn) do states[name] = nn.parameter(of[1], of[2]) end
states.wide, states.tall, states.square = nn.parameter({ 20, 70 }, init.orthogonal()), nn.parameter({ 65, 24 }, init.orthogonal(2)), nn.parameter({ 48, 48 }, init.orthogonal())
states.deep = nn.parameter({ 16, 8, 3, 3 }, init.orthogonal())
states.eye, states.dirac = nn.parameter({ 3, 5 }, init.eye()), nn.parameter({ 4, 2, 3, 5 }, init.dirac(2))

local function gram_error(w, scale)
  local m = w:reshape { w.shape[1], -1 }
  local g = m.shape[1] <= m.shape[2] and m:matmul(m:transpose(1, 2)) or m:transpose(1, 2):matmul(m)
  local n = g.shape[1]
  return (g / scale - nn.iota(n):eq(nn.iota(n):reshape { n, 1 }):cast "float"):abs():max()
end

local initial = nn.func { function()
  local o = {}
  for name, of in pairs(drawn) do o[name] = rms(states[name]) / of[3] end
  for name, w in pairs { wide = states.wide, square = states.square, deep = states.deep } do o["gram_" .. name] = gram_error(w, 1) end
  o.gram_tall = gram_error(states.tall, 4)
  o.trunc_most = states.trunc_normal:abs():max()
  local zeros = states.sparse:eq(0):sum(1)
  o.sparse_least, o.sparse_most = zeros:min(), zeros:max()
  o.eye = states.eye:sum() + 10 * states.eye:slice(2, 1, 3):sum()
  local x = nn.iota(4 * 15):reshape { 2, 2, 15 }:cast "float"
  local channels = nn.concat({ states.dirac:slice(1, 1, 2):reshape { 2, 30 }:matmul(x[1]:reshape { 30 }), states.dirac:slice(1, 3, 4):reshape { 2, 30 }:matmul(x[2]:reshape { 30 }) }, 1)
  o.dirac = (channels - nn.constant { 7.0, 22.0, 37.0, 52.0 }):abs():max() -- the middle of each channel
  return o
end }

-- ---- SELU with LeCun's weights keeps mean 0 and variance 1 through 50 layers (B3) ----
local width, depth = 128, 50
local function stack(initial_value)
  local layers = {}
  for i = 1, depth do layers[i] = nn.Linear(width, width, { bias = false, init = initial_value }) end
  return layers
end
local nets = { selu = stack(init.lecun_normal()) }
local deep = nn.func { function()
  local o, x = {}, nn.random.normal { 256, width }
  for _, layer in ipairs(nets.selu) do x = nn.selu(layer(x)) end
  o.selu_mean, o.selu_square = x:mean(), (x * x):mean()
  return o
end }

-- ---- layers that draw ----
local gated = nn.Residual(nn.Linear(8, 8), { gate = 0.0, drop = 0.2 })
local optimizer = nn.Adam { gated }
local reset = nn.func { function() -- of the optimizer alone: its parameters stay
  local before = nn.value(gated.body.weight)
  nn.assign(optimizer.t, 7)
  nn.reset { optimizer }
  return { weights = (gated.body.weight - before):abs():max(), steps = nn.value(optimizer.t) }
end }

local function layers(mode)
  return nn.func { mode = mode, function()
    local o, ones, normal = {}, nn.ones { 400, 30, 8 }, nn.random.normal { 200000 }
    local y = nn.Dropout(0.3)(ones)
    o.dropout_mean, o.dropout_square = y:mean(), (y * y):mean()
    y = nn.Dropout1d(0.3)(ones)
    o.channel_mean, o.channel_spread = y:mean(), (y:max(3) - y:min(3)):max() -- a channel is kept or dropped whole
    y = nn.Dropout2d(0.25)(nn.ones { 400, 30, 2, 2 })
    o.channel2_mean, o.channel2_spread = y:mean(), (y:max { 3, 4 } - y:min { 3, 4 }):max()
    y = nn.Dropout3d(0.25)(nn.ones { 400, 30, 1, 2, 3 })
    o.channel3_mean, o.channel3_spread = y:mean(), (y:max { 3, 4, 5 } - y:min { 3, 4, 5 }):max()
    local x = nn.random.normal { 30, 40, 2, 1, 2 } -- gradient and result have the same mask and factor
    local kept = nn.Dropout3d(0.4)(x)
    o.channel3_gradient = (nn.grad(kept:sum(), x) * x - kept):abs():max()
    y = nn.AlphaDropout(0.2)(normal)
    o.alpha_mean, o.alpha_square = y:mean(), (y * y):mean()
    y = nn.DropPath(0.4)(ones:reshape { 12000, 8 })
    o.path_mean, o.path_spread = y:mean(), (y:max(2) - y:min(2)):max()
    y = nn.StochasticDepth(0.4, { scale = "eval" })(ones:reshape { 12000, 8 })
    o.depth_mean, o.depth_most = y:mean(), y:max()
    y = nn.StochasticDepth(0.4, { mode = "batch" })(ones)
    o.batch_spread = y:max() - y:min()
    o.gate = nn.value(nn.mse_loss(gated(ones), ones))
    return o
  end }
end

-- The gradient at the first of 30 layers with residual connections and without (B4)
local blocks, plain = {}, {}
for i = 1, 30 do
  blocks[i] = nn.Residual(nn.Sequential { nn.Linear(32, 32), nn.Tanh() }, { gate = 0.1 })
  plain[i] = nn.Sequential { nn.Linear(32, 32), nn.Tanh() }
end
local survive = nn.func { function()
  local x, o = nn.random.normal { 16, 32 }, {}
  for name, net in pairs { residual = blocks, plain = plain } do
    local h = x
    for _, layer in ipairs(net) do h = layer(h) end
    o[name] = rms(nn.grad((h * h):mean(), x)) / rms(x) * (16 * 32)
  end
  return o
end }

-- ---- distributions: means, variances, and what is exact ----
local draws = nn.func { function()
  local n, o = 200000, {}
  local function spread(name, x)
    o[name .. "_mean"], o[name .. "_variance"] = x:mean(), x:var(1)
  end
  spread("uniform", nn.random.uniform { n })
  local normal = nn.random.normal { n }
  spread("normal", normal)
  o.normal_fourth = (normal ^ 4):mean()
  spread("gumbel", nn.random.gumbel { n })
  spread("exponential", nn.random.exponential { n })
  o.bernoulli = nn.random.bernoulli({ n }, 0.3):cast("float"):mean()
  local whole = nn.random.integers({ n }, -3, 4)
  o.integers_min, o.integers_max, o.integers_mean = whole:min(), whole:max(), whole:cast("float"):mean()
  local class = nn.random.categorical(nn.constant { 0.1, 0.2, 0.3, 0.4 }:log(), n)
  for k = 0, 3 do o["categorical" .. k] = class:eq(k):cast("float"):mean() end
  -- 0.01, 0.04, 0.09 and 0.16 by the temperature; of the three best 0.31 and 0.55 are the nucleus: 9 / 25 and 16 / 25
  local token = nn.random.token(nn.constant({ 0.1, 0.2, 0.3, 0.4 }):log():broadcast { n // 10, 4 }, { temperature = 0.5, top_k = 3, top_p = 0.8 })
  for k = 0, 3 do o["token" .. k] = token:eq(k):cast("float"):mean() end
  local order = nn.random.permutation(1000)
  o.permutation_whole = (nn.sort(order, 1) - nn.iota(1000)):abs():max()
  o.permutation_far = (order - nn.iota(1000)):abs():cast("float"):mean()
  return o
end }

return nn.program {
  name = "moments", model = { states = states, nets = nets, gated = gated, blocks = blocks, plain = plain },
  initial = initial, deep = deep, train = layers "train", eval = layers "eval", survive = survive, reset = reset, draws = draws,
  run = { steps = 1, step = { initial, deep, "train", "eval", survive, reset, draws } },
}
