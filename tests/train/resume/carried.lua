-- carried.lua: an LSTM whose state lies in buffers from batch to batch, on a text that every row of a batch goes on with; then,
-- with the states of the first phase, a phase of another optimizer; the text that comes out of it goes to standard output.
local nn = require "nn"
local B, T, H = 4, 6, 12
local alphabet = " abcdefghijklmnopqrstuvwxyz."
local net = { embedding = nn.Embedding(#alphabet, 8), lstm = nn.LSTM(8, H, { batch_first = true, num_layers = 2, dropout = 0.2 }), head = nn.Linear(H, #alphabet) }
local kept = { nn.buffer { 2, B, H }, nn.buffer { 2, B, H } }
local function loss(b)
  local given = {}
  for i, state in ipairs(kept) do given[i] = nn.where(b.first:gt(0), 0.0, state) end
  local y, last = net.lstm(net.embedding(b.x), given)
  for i, state in ipairs(kept) do nn.assign(state, last[i]) end
  return nn.cross_entropy(net.head(y), b.y)
end
local train = nn.train { on = "text", loss = loss, optimizer = nn.RMSprop { net, lr = 3e-3 } }
local finer = nn.train { on = "text", loss = loss, optimizer = nn.Lion { net, lr = 1e-4 } }
local say = nn.func { function() return { text = nn.random.categorical(net.head.bias, 9):cast "i32" } end }
return nn.program {
  name = "carried", model = net, state = { kept = kept }, train = train, finer = finer, say = say,
  data = { text = nn.data.text { file = "carried.txt", vocabulary = alphabet, length = T, batch = B, stateful = true } },
  run = { { epochs = 2, step = train, each_epoch = { say, write = { text = "said.txt" } } }, { steps = 12, before = say, step = finer, after = say } },
}
