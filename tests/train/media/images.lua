-- Folders of images as colours and as grey, in two sizes, and their classes: what tests/oracle/media.py made.
local nn = require "nn"
local folder = nn.arg("folder", "images")
local third = nn.arg("third", "") -- of the classes' names; none: their number
local one = nn.parameter({}, 1)
local function pixels(x) return (x * 255 + 0.5):floor():cast("i32") end
return nn.program {
  name = "images", model = { one = one },
  data = {
    colours = nn.data.images { folder = folder, size = { 4, 5 }, classes = third == "" and 3 or { "cow", "ant", third }, batch = 10 },
    greys = nn.data.images { folder = folder, size = { 7, 9 }, channels = 1, classes = 3, batch = 4, shuffle = true },
  },
  colours = nn.func { on = "colours", function(b) return { x = pixels(b.x), y = b.y } end },
  greys = nn.func { on = "greys", function(b) return { x = pixels(b.x):reshape { 28, 9 }, y = b.y, sum = b.x:sum() } end },
  class = nn.func { on = "greys", function(b) return { mean = b.x:mean { 2, 3, 4 } * one } end },
  run = {
    epochs = nn.hyper("passes", 1),
    step = { { "colours", write = { x = "x.txt", y = "y.txt" } }, { "greys", times = 2, write = { x = "gx.txt", y = "gy.txt" } } },
  },
}
