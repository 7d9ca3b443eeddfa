-- split.lua: three parts of 101 rows: disjoint, together everything, the same for any --seed, visited in file order by
-- passes and shuffled by training.
local nn = require "nn"
local list = {}
for i = 1, 101 do list[i] = i - 1 end
local train, valid, test = nn.data.split(nn.data.table { row = list, batch = 1 }, { { 0.7, shuffle = true }, 0.2, { 0.1, batch = 3, pad = true } }, { seed = 5 })
local function visit(name) return nn.func { on = name, function(b) return { row = b.row } end } end
local function visit_padded(b) return { row = nn.where(b.weight:gt(0), b.row, -1) } end
return nn.program {
  name = "split", data = { train = train, valid = valid, test = test },
  train = visit "train", valid = visit "valid", test = nn.func { on = "test", visit_padded },
  run = { { epochs = 1, step = { "train", write = { row = "train.txt" } } }, { epochs = 1, step = { "valid", write = { row = "valid.txt" } } },
          { epochs = 1, step = { "test", write = { row = "test.txt" } } } },
}
