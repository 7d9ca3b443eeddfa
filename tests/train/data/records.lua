-- Records of a label and two 16-bit numbers behind a gap, in two files that begin with 3 bytes of their own.
local nn = require "nn"
local rows = nn.data.records {
  files = { "a.bin", "b.bin" }, skip = 3, big = true, classes = 10, batch = 2, pad = true,
  record = { { "label", as = "i32" }, { skip = 1 }, { "x", 2, dtype = "i16", as = "f32" }, { "p", 1, as = "pixels" } },
}
return nn.program {
  name = "records", data = { rows = rows },
  show = nn.func { on = "rows", function(b) return { label = b.label, x = b.x, p = b.p, weight = b.weight } end },
  run = { epochs = 1, step = { { "show", write = { label = "label.txt", x = "x.txt", p = "p.txt", weight = "weight.txt" } } } },
}
