-- duel.lua: a bit of everything that `run` knows: two optimizers over networks that share a layer, two sources that
-- advance apart, a function without data, phases, saving and loading, inputs of acts, files of every kind.
local nn = require "nn"
local shared, left, right = nn.Linear(3, 4), nn.Linear(4, 2), nn.Linear(4, 1)
local function part(n, k)
  local rows, class = {}, {}
  for i = 1, n do rows[i], class[i] = { i % 3 / 2, i % 5 / 4, i % k / k }, i % 2 end
  return { x = rows, y = class }
end
local many, few = part(23, 7), part(9, 4)
local data = {
  many = nn.data.table { x = many.x, y = many.y, batch = 4, shuffle = true, classes = 2 },
  few  = nn.data.table { x = few.x, batch = 4, shuffle = true },
  rest = nn.data.table { x = many.x, y = many.y, batch = 4, pad = true },
}
local classify = nn.train { on = "many", optimizer = nn.Adam { shared, left, lr = 1e-2 }, loss = function(b)
  return nn.cross_entropy(left(nn.tanh(shared(b.x))), b.y)
end }
local match = nn.func { on = { "many", "few" }, mode = "train", function(a, b)
  local opt = right.optimizer
  return { gap = opt:step(function() return (right(shared(a.x)):mean() - right(shared(b.x)):mean()) ^ 2 end), few = b.first, many = a.last }
end }
right.optimizer = nn.SGD { right, lr = 0.05, momentum = 0.9 }
local validate = nn.evaluate { on = "many", loss = function(b) return nn.cross_entropy(left(nn.tanh(shared(b.x))), b.y) end }
local padded = nn.evaluate { on = "rest", mean = function(b) return (b.x:sum(2) * b.weight):sum() / b.weight:sum() end }
local draw = nn.func { inputs = { scale = nn.input({}, "f32", 1.0) }, function(i)
  return { noise = nn.random.normal { 2, 3 } * i.scale, picture = nn.random.uniform { 3, 4, 5 }, worst = validate.metrics.loss:gt(0.1) }
end }
local still = nn.func { function() return { norm = nn.ravel(left):norm(), stop = nn.ravel(left):norm():gt(1e9) } end }

return nn.program {
  name = "duel", model = { shared = shared, left = left, right = right }, data = data,
  classify = classify, match = match, validate = validate, padded = padded, draw = draw, still = still,
  run = {
    { epochs = nn.hyper("rounds", 3, { min = 0 }), before = { validate, padded },
      step = { { classify, times = 2 }, { match, every = 2 }, nn.save { "last.safetensors", tree = left, every = 5 } },
      each_epoch = { validate, { draw, when = "draw.worst", inputs = { scale = 0.5 }, write = { noise = "noise.npy" } }, draw, nn.save { "all.safetensors" } },
      stop = "still.stop", after = still },
    { steps = 3, before = { nn.load { "all.safetensors" }, nn.load { "last.safetensors", into = left }, still },
      step = match, after = { { draw, write = { picture = "picture.png", noise = "noise.txt" } }, validate, padded } },
  },
}
