-- activations.lua: every activation: values, first and second derivatives, also at kinks and far out (tests/oracle/library/activations.py).
local nn = require "nn"
local formula, cases = require "formula", require "cases"
local tensor = formula.tensor

-- f: the function; module: the same as a module, nil where there is none
local function activation(name, f, module, kinks)
  local function case(suffix, make)
    cases.add(name .. suffix, function()
      local x = make()
      return f(x), { x }, module and module(x)
    end)
  end
  case("", function() return tensor(4, { 4, 6 }, 5) end)
  case("_odd", function() return tensor(7, { 2, 6, 3 }, 3) end)
  case("_far", function() return tensor(4, { 4, 6 }, 600) end)
  if not kinks then return end
  case("_kink", function()
    local list = {}
    for _, v in ipairs(kinks) do
      for _, d in ipairs { 0, 0.5, -0.5 } do list[#list + 1] = v + d end
    end
    return nn.constant { list }
  end)
end
local function with(f, ...)
  local options = { ... }
  return function(x) return f(x, table.unpack(options)) end
end
activation("relu", nn.relu, nn.ReLU(), { 0.0 })
activation("relu6", nn.relu6, nn.ReLU6(), { 0.0, 6.0 })
activation("leaky_relu", with(nn.leaky_relu, 0.2), nn.LeakyReLU(0.2), { 0.0 })
activation("elu", with(nn.elu, 0.7), nn.ELU(0.7), { 0.0 })
activation("selu", nn.selu, nn.SELU(), { 0.0 })
activation("celu", with(nn.celu, 0.5), nn.CELU(0.5), { 0.0 })
activation("gelu", nn.gelu, nn.GELU(), { 0.0 })
activation("gelu_tanh", with(nn.gelu, "tanh"), nn.GELU("tanh"), { 0.0 })
activation("silu", nn.silu, nn.SiLU(), { 0.0 })
activation("mish", nn.mish, nn.Mish(), { 0.0 })
activation("sigmoid", nn.sigmoid, nn.Sigmoid(), { 0.0 })
activation("tanh", nn.tanh, nn.Tanh(), { 0.0 })
activation("softplus", nn.softplus, nn.Softplus(), { 0.0, 20.0 })
activation("softplus_beta", with(nn.softplus, 2.0, 3.0), nn.Softplus(2.0, 3.0), { 0.0, 1.5 })
activation("softsign", nn.softsign, nn.Softsign(), { 0.0 })
activation("hardtanh", with(nn.hardtanh, -0.5, 2.0), nn.Hardtanh(-0.5, 2.0), { -0.5, 2.0 })
activation("hardsigmoid", nn.hardsigmoid, nn.Hardsigmoid(), { -3.0, 3.0 })
activation("hardswish", nn.hardswish, nn.Hardswish(), { -3.0, 3.0 })
activation("logsigmoid", nn.logsigmoid, nn.LogSigmoid(), { 0.0 })
activation("glu", with(nn.glu, 2), nn.GLU(2))
activation("glu_first", with(nn.glu, 1), nn.GLU(1))
activation("softmax", with(nn.softmax, 2), nn.Softmax(2), { 0.0 })
activation("softmax_first", with(nn.softmax, 1), nn.Softmax(1))
activation("softmin", with(nn.softmin, 2), nn.Softmin(2))
activation("log_softmax", with(nn.log_softmax, 2), nn.LogSoftmax(2))
activation("logsumexp", with(nn.logsumexp, 2))

local one, many = nn.PReLU(1), nn.PReLU(3)
one.weight, many.weight = nn.parameter({ 1 }, cases.init(5)), nn.parameter({ 3 }, cases.init(6))
for name, layer in pairs { prelu = one, prelu_channels = many } do
  cases.add(name, function()
    local x = tensor(4, { 2, 3, 4 }, 2)
    return layer(x), { x, layer.weight }, nn.prelu(x, layer.weight)
  end)
end

return cases.program("activations", { one = one, many = many })
