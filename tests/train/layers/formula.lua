-- formula.lua: the inputs of tests/oracle/formula.py again: element i of tensor t is a 32-bit hash of both (MurmurHash3's finaliser) in [-1, 1).
local nn = require "nn"
local formula = {}

local function hash(t, i)
  local h = (i * 0x9E3779B1 + (t + 1) * 0x7F4A7C15) & 0xFFFFFFFF
  h = ((h ~ h >> 16) * 0x85EBCA6B) & 0xFFFFFFFF
  h = ((h ~ h >> 13) * 0xC2B2AE35) & 0xFFFFFFFF
  return (h ~ h >> 16) / 2 ^ 31 - 1
end

function formula.tensor(t, shape, bound)
  local n, list = 1, {}
  for _, d in ipairs(shape) do n = n * d end
  for i = 1, n do list[i] = hash(t, i - 1) * (bound or 1) end
  return nn.constant(list):reshape(shape)
end

-- sum(y * c) with the c of tensor t: sees every element of y
function formula.project(y, t) return (y * formula.tensor(t, y.shape)):sum() end

return formula
