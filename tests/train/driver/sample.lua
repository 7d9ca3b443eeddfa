-- sample.lua: Poisson sampling: 400 rows, each in a batch with probability 0.25. Counts how often each row was drawn.
local nn = require "nn"
local list = {}
for i = 1, 400 do list[i] = i - 1 end
local drawn, calls, most = nn.buffer({ 400 }, 0), nn.buffer({}, 0), nn.buffer({}, 0)
local count = nn.func { on = "rows", function(b)
  nn.assign(drawn, drawn:scatter(1, b.row, b.weight, "add"))
  nn.assign(calls, calls + 1)
  nn.assign(most, nn.maximum(most, b.weight:sum()))
  local first, last = b.row:select(1, 1), (b.row * b.weight:cast "i32"):max()
  return { n = b.weight:sum(), square = b.weight:sum() ^ 2, last = b.last, rising = (b.row:slice(1, 2, -1):gt(b.row:slice(1, 1, -2)) | b.weight:slice(1, 2, -1):eq(0)):cast("f32"):min() }
end }
local result = nn.func { function()
  local p = drawn / calls
  return { rows = p:mean(), worst = (p - 0.25):abs():max(), most = nn.value(most), spread = (p - p:mean()):norm() / 20 }
end }
return nn.program {
  name = "sample", state = { drawn = drawn, calls = calls, most = most },
  data = { rows = nn.data.table { row = list, batch = 160, sample = "poisson", rate = 0.25 } },
  count = count, result = result, run = { steps = 4000, step = count, after = result },
}
