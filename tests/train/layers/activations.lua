-- activations.lua: every activation: values, first and second derivatives, also at kinks and far out (tests/oracle/library/activations.py).
local nn = require "nn"
local formula, cases = require "formula", require "cases"
local tensor = formula.tensor

local function activation(name, f, kinks)
  cases.add(name, function()
    local x = tensor(4, { 4, 6 }, 5)
    return f(x), { x }
  end)
  cases.add(name .. "_far", function()
    local x = tensor(4, { 4, 6 }, 600)
    return f(x), { x }
  end)
  if not kinks then return end
  cases.add(name .. "_kink", function()
    local list = {}
    for _, v in ipairs(kinks) do
      for _, d in ipairs { 0, 0.5, -0.5 } do list[#list + 1] = v + d end
    end
    local x = nn.constant { list }
    return f(x), { x }
  end)
end
activation("relu", nn.relu, { 0.0 })
activation("relu6", nn.ReLU6(), { 0.0, 6.0 })
activation("leaky_relu", nn.LeakyReLU(0.2), { 0.0 })
activation("elu", nn.ELU(0.7), { 0.0 })
activation("selu", nn.selu, { 0.0 })
activation("celu", nn.CELU(0.5), { 0.0 })
activation("gelu", nn.GELU(), { 0.0 })
activation("gelu_tanh", nn.GELU("tanh"), { 0.0 })
activation("silu", nn.silu, { 0.0 })
activation("mish", nn.Mish(), { 0.0 })
activation("sigmoid", nn.Sigmoid(), { 0.0 })
activation("tanh", nn.Tanh(), { 0.0 })
activation("softplus", nn.softplus, { 0.0, 20.0 })
activation("softplus_beta", nn.Softplus(2.0, 3.0), { 0.0, 1.5 })
activation("softsign", nn.Softsign(), { 0.0 })
activation("hardtanh", nn.Hardtanh(-0.5, 2.0), { -0.5, 2.0 })
activation("hardsigmoid", nn.hardsigmoid, { -3.0, 3.0 })
activation("hardswish", nn.Hardswish(), { -3.0, 3.0 })
activation("logsigmoid", nn.LogSigmoid(), { 0.0 })
activation("glu", nn.GLU())
activation("glu_first", nn.GLU(1))
activation("softmax", nn.Softmax(), { 0.0 })
activation("softmax_first", nn.Softmax(1))
activation("softmin", nn.Softmin())
activation("log_softmax", nn.LogSoftmax())
activation("logsumexp", nn.logsumexp)

local one, many = nn.PReLU(1), nn.PReLU(3)
one.weight, many.weight = nn.parameter({ 1 }, cases.init(5)), nn.parameter({ 3 }, cases.init(6))
for name, layer in pairs { prelu = one, prelu_channels = many } do
  cases.add(name, function()
    local x = tensor(4, { 2, 3, 4 }, 2)
    return layer(x), { x, layer.weight }
  end)
end

return cases.program("activations", { one = one, many = many })
