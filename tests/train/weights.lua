-- weights.lua: a state of every dtype that PyTorch has too, for tests/train/weights.sh: each output is 0 when the state is what the files of
-- tests/oracle/weights.py have in it (-D divided=3: divided by that), else the largest difference.
local nn = require "nn"
local divided = nn.arg("divided", 1)
local states, expected = {}, {}
local floats = { f32 = true, f64 = true, bf16 = true }
local function add(name, shape, dtype, count)
  local list = {}
  for i = 0, count - 1 do
    local number = i * 7 % 23
    list[i + 1] = dtype == "bool" and i * 7 % 2 or floats[dtype] and (number - 5) / 4 / divided or number
  end
  states[name] = dtype == "f32" and nn.parameter(shape, 9) or nn.buffer(shape, dtype == "bool" and 1 or 9, dtype)
  expected[name] = function() return nn.constant(list, dtype ~= "bool" and dtype or "i32"):reshape(shape) end
end
add("w", { 3, 4 }, "f32", 12)
add("b", { 3 }, "f32", 3)
add("h", { 2, 3 }, "bf16", 6)
add("d", { 2 }, "f64", 2)
add("n", {}, "i64", 1)
add("k", { 2, 2 }, "i32", 4)
add("u", { 5 }, "u8", 5)
add("p", { 6 }, "bool", 6)
local look = nn.func { function()
  local out = {}
  for name, state in pairs(states) do
    out[name] = (nn.value(state):cast "f64" - expected[name]():cast "f64"):abs():max()
  end
  return out
end }
return nn.program { name = "weights", model = states, look = look, run = { steps = 1, step = look } }
