-- stop.lua: early stopping as a function over buffers: the loss of epoch n is (n - 4)^2 + 1, so the best is epoch 4;
-- with patience 3 the phase ends after epoch 7, and what was best comes back.
local nn = require "nn"
local w = nn.parameter({}, 0)
local best, kept, waited = nn.buffer({}, 1e30), nn.buffer({}, 0), nn.buffer({}, 0)
local one = nn.data.table { x = { 1.0, 1.0 }, batch = 1 }
local train = nn.func { on = "one", mode = "train", function(b) nn.assign(w, w + b.x:sum() / 2) return {} end }
local validate = nn.evaluate { on = "one", loss = function(b) return (w - 4) ^ 2 + b.x:mean() end }
local early = nn.func { function()
  local loss = validate.metrics.loss
  local better = loss:lt(best)
  nn.assign(kept, nn.where(better, w, kept))
  nn.assign(best, nn.minimum(loss, best))
  nn.assign(waited, nn.where(better, 0, waited + 1))
  return { stop = waited:ge(3) }
end }
local restore = nn.func { function() nn.assign(w, kept) return {} end }
return nn.program {
  name = "stop", model = { w = w }, state = { best = best, kept = kept, waited = waited }, data = { one = one },
  train = train, validate = validate, early = early, restore = restore,
  run = { epochs = 50, step = train, each_epoch = { validate, early }, stop = "early.stop", after = { restore, validate } },
}
