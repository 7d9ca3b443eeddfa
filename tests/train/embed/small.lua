-- small.lua: what drive.c calls through the header that --lib gives: fields whose names are words of C++, two sources, a
-- padded one with weights, an evaluation with a second variant, inputs with and without defaults, hypers with bounds, a
-- schedule over the run, draws, and functions that are called like functions of the interface.
local nn = require "nn"
local x, class = {}, {}
for i = 0, 63 do
  x[i + 1], class[i + 1] = {}, (i * 7) % 3
  for k = 0, 4 do x[i + 1][k + 1] = ((i * 31 + k * 17) % 64) / 64 end
end
local rest = { table.unpack(x, 1, 42) }

local net = nn.Sequential { nn.Linear(5, 16), nn.Tanh(), nn.Dropout(0.25), nn.Linear(16, 3) }
local function loss(b) return nn.cross_entropy(net(b.new), b.class) end
local shift = nn.buffer({ 5 }, 0.0)
local lr = nn.hyper("lr", 0.05, { min = 0, max = 1, help = "of Adam" })
local every = nn.hyper("every", 2, { min = 1 })

local train = nn.train { on = "train", loss = loss, optimizer = nn.Adam { net, lr = nn.cosine(lr) } }
local validate = nn.evaluate { on = "rest", loss = loss, entropy = function(b) return -(net(b.new):softmax() * net(b.new):log_softmax()):sum(2):mean() end }
local predict = nn.func { on = "one", function(b) return { logits = net(b.new), best = net(b.new):argmax(2) } end }
local both = nn.func { on = { "train", "one" }, function(a, b)
  return { sum = a.new:sum() - b.new:sum(), epoch = a.epoch, last = b.last }
end }
local weighted = nn.func { on = "padded", function(b) return { rows = b.weight:sum(), mean = (b.new:mean(2) * b.weight):sum() / b.weight:sum() } end }
local init = nn.func {
  inputs = { scale = nn.input({}, "f32"), offset = nn.input({ 5 }, "f32", 0.5), count = nn.input({}, "i64", 3) },
  function(i)
    nn.assign(shift, shift + i.scale * i.offset)
    return { shift = nn.value(shift), count = i.count * 2, half = nn.constant(1.5, "f16"), large = i.scale:gt(1), steps = every * 1 }
  end,
}

return nn.program {
  name = "small", model = net, state = { shift = shift },
  data = { train = nn.data.table { new = x, class = class, batch = 16, classes = 3 },
           rest = nn.data.table { new = rest, class = { table.unpack(class, 1, 42) }, batch = 20, classes = 3 },
           one = nn.data.table { new = x, batch = 4 },
           padded = nn.data.table { new = rest, batch = 8, pad = true } },
  train = train, validate = validate, predict = predict, both = both, weighted = weighted, init = init,
  run = { epochs = 3, step = { train, { init, inputs = { scale = 2.0 } } }, each_epoch = { validate } },
}
