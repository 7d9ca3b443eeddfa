-- tied.lua: one layer under two names: saved once, loaded by either.
local nn = require "nn"
local layer, other = nn.Linear(2, 2), nn.Linear(2, 2)
local read = nn.func { function() return { sum = layer.weight:sum(), other = other.weight:sum() } end }
return nn.program {
  name = "tied", model = { a = layer, b = { layer }, c = other }, read = read,
  run = { steps = 1, step = read, after = { nn.save { "by_second_name.safetensors", tree = { b = { layer }, c = other } },
    nn.save { "other.safetensors", tree = other }, nn.load { "other.safetensors", into = { d = { e = layer } }, rename = { weight = "d.e.weight", bias = "d.e.bias" } }, read } },
}
