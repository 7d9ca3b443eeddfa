---@meta
-- activations.d.lua: the modules that activations.lua makes in a loop.

--- [`nn.relu`](#nn.relu) as a module.
---@return nn.Module
function nn.ReLU() end
--- [`nn.relu6`](#nn.relu6) as a module.
---@return nn.Module
function nn.ReLU6() end
--- [`nn.leaky_relu`](#nn.leaky_relu) as a module.
---@param slope? number `0.01`
---@return nn.Module
function nn.LeakyReLU(slope) end
--- [`nn.sigmoid`](#nn.sigmoid) as a module.
---@return nn.Module
function nn.Sigmoid() end
--- [`nn.tanh`](#nn.tanh) as a module.
---@return nn.Module
function nn.Tanh() end
--- [`nn.gelu`](#nn.gelu) as a module.
---@param approximate? "none"|"tanh" `"none"`
---@return nn.Module
function nn.GELU(approximate) end
--- [`nn.silu`](#nn.silu) as a module.
---@return nn.Module
function nn.SiLU() end
--- [`nn.softplus`](#nn.softplus) as a module.
---@param beta? number `1`
---@param threshold? number `20`
---@return nn.Module
function nn.Softplus(beta, threshold) end
--- [`nn.elu`](#nn.elu) as a module.
---@param alpha? number `1`
---@return nn.Module
function nn.ELU(alpha) end
--- [`nn.selu`](#nn.selu) as a module.
---@return nn.Module
function nn.SELU() end
--- [`nn.celu`](#nn.celu) as a module.
---@param alpha? number `1`
---@return nn.Module
function nn.CELU(alpha) end
--- [`nn.mish`](#nn.mish) as a module.
---@return nn.Module
function nn.Mish() end
--- [`nn.softsign`](#nn.softsign) as a module.
---@return nn.Module
function nn.Softsign() end
--- [`nn.hardtanh`](#nn.hardtanh) as a module.
---@param min? number `-1`
---@param max? number `1`
---@return nn.Module
function nn.Hardtanh(min, max) end
--- [`nn.hardsigmoid`](#nn.hardsigmoid) as a module.
---@return nn.Module
function nn.Hardsigmoid() end
--- [`nn.hardswish`](#nn.hardswish) as a module.
---@return nn.Module
function nn.Hardswish() end
--- [`nn.logsigmoid`](#nn.logsigmoid) as a module.
---@return nn.Module
function nn.LogSigmoid() end
--- [`nn.glu`](#nn.glu) as a module.
---@param dim? integer `-1`
---@return nn.Module
function nn.GLU(dim) end
--- [`nn.softmax`](#nn.softmax) as a module.
---@param dim? integer `-1`
---@return nn.Module
function nn.Softmax(dim) end
--- [`nn.softmin`](#nn.softmin) as a module.
---@param dim? integer `-1`
---@return nn.Module
function nn.Softmin(dim) end
--- [`nn.log_softmax`](#nn.log_softmax) as a module.
---@param dim? integer `-1`
---@return nn.Module
function nn.LogSoftmax(dim) end
