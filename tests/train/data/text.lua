-- A text as it comes in batches: data.sh gives the file and the order (nn.arg), and looks at what is written.
local nn = require "nn"
local order, part = nn.arg("order", "plain"), nn.arg("part", 1.0)
local text = nn.data.text {
  file = "text.txt", length = 4, batch = 3, vocabulary = nn.arg("vocabulary", "bytes"), shuffle = order == "shuffle", stateful = order == "stateful",
}
local train, valid = text, text
if part < 1 then train, valid = nn.data.split(text, { part, { 1 - part, shuffle = false } }) end

-- What a state that is carried from batch to batch must find: x begins with the token that y ended with.
local last = nn.buffer({ 3 }, 0, "i32")
local function carried(b)
  local gap = (b.x:select(2, 1) - nn.value(last)):abs():sum()
  nn.assign(last, b.y:select(2, 4))
  return nn.where(b.first:gt(0.5), 0, gap)
end

return nn.program {
  name = "text", data = { train = train, valid = valid },
  show = nn.func { on = "train", function(b) return { x = b.x, y = b.y, first = b.first, gap = carried(b) } end },
  count = nn.evaluate { on = "valid", sum = function(b) return b.x:cast("f32"):sum() / b.x.shape[1] end },
  run = { epochs = nn.hyper("passes", 1), step = { { "show", write = { x = "x.txt", y = "y.txt" } } }, each_epoch = "count" },
}
