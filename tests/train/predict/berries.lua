-- Predictions that can be told by hand: all numbers are exact in f32. `-D more=1` adds a second function that fits, `-D none=1` takes the
-- first away; `-D rows=npy` takes rows from arrays.
local nn = require "nn"
local rows, batch = nn.arg("rows", "csv"), nn.arg("batch", 3)
local W = nn.parameter({ 3, 4 }, function() return nn.constant { { 2, -3, 1, 0 }, { 0, 1, 0, 1 }, { -1, 0, 0.5, 4 } } end)

local sources = {
  csv = function()
    return nn.data.csv { file = "berries.csv", batch = batch, classes = 3, categories = { kind = { "red", "blue" } },
                         x = { "height", "width", "kind" }, y = { column = "label", dtype = "i32" }, drop_last = true }
  end,
  npy = function() return nn.data.npy { batch = batch, x = { file = "x.npy", 4 }, y = { file = "y.npy", dtype = "i32" } } end,
}
local function scores(b) return b.x:linear(W) end                         -- [B,3]: columns height, width, red, blue
local function loss(b) return nn.cross_entropy(scores(b), b.y) end

local program = {
  name = "berries", model = { W = W }, data = { berries = sources[rows]() },
  train = nn.train { on = "berries", loss = loss, optimizer = nn.SGD { W, lr = 0.125 } },
  run = { steps = 1, step = "train" },
}
if nn.arg("none", 0) == 0 then
  program.predict = nn.func { on = "berries", inputs = { scale = nn.input({}, "f32", 1) }, function(b, given)
    return { class = scores(b):argmax(2), scores = scores(b) * given.scale }
  end }
end
if nn.arg("more", 0) == 1 then program.widths = nn.func { on = "berries", function(b) return { width = b.x:slice(2, 2, 2) } end } end
return nn.program(program)
