-- initial.lua: bounds and deviations of every law of nn.init, exactly (tests/oracle/initial.py): what a law draws over what its own uniform or normal
-- numbers are, drawn once more with the same key. So no number of samples stands between the formula and PyTorch's.
local nn = require "nn"
local init = nn.init
local shapes = {
  dense = { 7, 5 }, wide = { 3, 11 }, conv1d = { 6, 4, 3 }, conv2d = { 8, 3, 3, 5 }, grouped = { 6, 2, 3, 3 }, transposed = { 4, 6, 2, 2 }, conv3d = { 2, 5, 1, 2, 3 },
}
local laws = {
  xavier_uniform = { init.xavier_uniform(), init.glorot_uniform() },
  xavier_uniform_gain = { init.xavier_uniform(init.gain "tanh"), init.glorot_uniform { gain = 5 / 3 } },
  xavier_normal = { init.xavier_normal(), init.glorot_normal() },
  xavier_normal_gain = { init.xavier_normal(0.3), init.glorot_normal { gain = 0.3 } },
  kaiming_uniform = { init.kaiming_uniform(), init.he_uniform() },
  kaiming_uniform_a = { init.kaiming_uniform(math.sqrt(5)), init.he_uniform { a = math.sqrt(5) } },
  kaiming_uniform_out = { init.kaiming_uniform { mode = "fan_out", nonlinearity = "relu" }, init.he_uniform { mode = "fan_out", nonlinearity = "relu" } },
  kaiming_normal = { init.kaiming_normal(), init.he_normal() },
  kaiming_normal_a = { init.kaiming_normal(0.2), init.he_normal { a = 0.2 } },
  kaiming_normal_out = { init.kaiming_normal { mode = "fan_out", nonlinearity = "selu" }, init.he_normal { mode = "fan_out", nonlinearity = "selu" } },
}

local layers = {
  Linear = nn.Linear(5, 7), Conv2d = nn.Conv2d(4, 6, { 3, 5 }, { groups = 2 }), ConvTranspose2d = nn.ConvTranspose2d(4, 6, { 3, 5 }, { groups = 2 }),
  Bilinear = nn.Bilinear(3, 4, 5), LSTM = nn.LSTM(3, 5),
}

local function draw(f, shape) return nn.with({ key = 3 }, f, shape) end
local function asked(f, shape, law)
  local own = string.find(law, "normal") and draw(nn.random.normal, shape) or 2 * draw(nn.random.uniform, shape) - 1
  return draw(f, shape):abs():max() / own:abs():max()
end
local out = {}
local all = nn.func { function()
  for law, pair in pairs(laws) do
    for name, shape in pairs(shapes) do
      out[law .. "_" .. name] = asked(pair[1], shape, law)
      out["other_" .. law .. "_" .. name] = asked(pair[2], shape, law) - out[law .. "_" .. name]
    end
  end
  for kind, layer in pairs(layers) do -- what layers start from, drawn anew
    for _, field in ipairs { "weight", "bias", "weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0" } do
      local state = layer[field]
      if state then out[kind .. "_" .. field] = asked(function() return nn.initial(state) end, state.shape, "uniform") end
    end
  end
  for _, name in ipairs { "linear", "sigmoid", "tanh", "relu", "selu", "leaky_relu" } do out["gain_" .. name] = nn.full({}, init.gain(name)) end
  out.gain_leaky_relu_a = nn.full({}, init.gain("leaky_relu", 0.3))
  local function places(w) return (w:reshape { -1 } * (nn.iota(nn.numel(w)) + 1)):sum() end
  out.dirac_odd, out.dirac_groups, out.dirac_even = places(init.dirac()({ 5, 3, 3 })), places(init.dirac(2)({ 4, 2, 3, 5 })), places(init.dirac()({ 2, 4, 2, 2, 2 }))
  out.eye_wide, out.eye_tall = places(init.eye()({ 3, 5 })), places(init.eye()({ 4, 2 }))
  return out
end }
return nn.program { name = "initial", model = layers, all = all, run = { steps = 1, step = all } }
