-- course.lua: outputs whose values are known at every step k: loss 100 / k, share 1 - 1 / (k + 1), rate 0.001, hole (not a number in
-- steps 11 to 20, else k); every 2000 steps a line on standard output. No data, no epochs.
local nn = require "nn"
local k = nn.buffer({}, 0.0, "f32", { saved = true })
local course = nn.func { function()
  nn.assign(k, k + 1)
  local hidden = nn.where(k:gt(10), 1.0, 0.0) * nn.where(k:lt(21), 1.0, 0.0)
  return { loss = 100 / k, share = 1 - 1 / (k + 1), rate = k * 0 + 0.001, hole = k * ((1 - hidden) / (1 - hidden)) }
end }
local say = nn.func { function() return { text = nn.stack { k, k } } end }
return nn.program {
  name = "course", model = { k = k }, course = course, say = say,
  run = { steps = nn.hyper("length", 600), step = { course, { say, every = 2000, write = { text = "-" } } } },
}
