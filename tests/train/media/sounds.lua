-- Folders of WAV files, 8 samples of each, and their classes: what tests/oracle/media.py made.
local nn = require "nn"
local one = nn.parameter({}, 1)
return nn.program {
  name = "sounds", model = { one = one },
  data = { train = nn.data.wav { folder = nn.arg("folder", "sounds"), length = 8, sample_rate = 8000, classes = { "high", "low" }, batch = 7 } },
  show = nn.func { on = "train", function(b) return { x = b.x * one, y = b.y } end },
  energy = nn.func { on = "train", function(b) return { energy = (b.x * b.x):sum(2) * one } end },
  run = { epochs = nn.hyper("passes", 1), step = { { "show", write = { x = "x.txt", y = "y.txt" } } } },
}
