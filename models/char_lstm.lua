-- char_lstm.lua: a character model of two LSTM layers (Graves 2013) on tiny Shakespeare (--data train=FILE --data test=FILE). Row b
-- of a batch goes on where row b of the batch before it stopped: hidden state lies in buffers from batch to batch, zero at
-- `b.first`, and gradients reach back through the turns of one batch (truncated backpropagation). -D carry=false forgets it. What it says is drawn by
-- --temperature, --top_k and --top_p.
local nn = require "nn"
local B, T, H, carry = nn.arg("batch", 32), nn.arg("length", 50), nn.arg("hidden", 128), nn.arg("carry", true)
local alphabet = "\n !$&',-.3:;?ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
local V, layers = #alphabet, 2

local net = { embedding = nn.Embedding(V, 64), lstm = nn.LSTM(64, H, { num_layers = layers, batch_first = true }), head = nn.Linear(H, V) }

-- h and c of the rows of a batch; `train` and `validate` have their own
local function memory() return { nn.buffer { layers, B, H }, nn.buffer { layers, B, H } } end
local memories = { train = memory(), test = memory() }

local function loss_with(states) return function(b)
  local given = {}
  for i, state in ipairs(states) do given[i] = carry and nn.where(b.first:gt(0), 0.0, state) or nn.zeros(state.shape) end
  local y, last = net.lstm(net.embedding(b.x), given)
  for i, state in ipairs(states) do nn.assign(state, last[i]) end
  return nn.cross_entropy(net.head(y), b.y)
end end

local lr, length = nn.hyper("lr", 3e-3), nn.arg("said", 300)
local choice = {
  temperature = nn.hyper("temperature", 0.8, { min = 0 }), top_k = nn.hyper("top_k", 0, { min = 0 }),
  top_p = nn.hyper("top_p", 1.0, { min = 0, max = 1 }),
}
local train = nn.train { on = "train", loss = loss_with(memories.train), clip_norm = 5, optimizer = nn.Adam { net, lr = nn.cosine(lr) } }
local validate = nn.evaluate { on = "test", loss = loss_with(memories.test) }

-- The prompt, then what is drawn, one character a turn
local generate = nn.func { inputs = { prompt = nn.input({ 8 }, "i32", 0) }, function(i)
  local first = i.prompt:pad(1, 0, length - 8)
  local function turn(c, row)
    local y, state = net.lstm(net.embedding(c.token:reshape { 1, 1 }), c.state)
    local drawn = nn.random.token(net.head(y):reshape { V }, choice)
    local next = nn.where(row.t:lt(7), row.given, drawn)
    return { token = next, state = state }, next
  end
  local zero = { nn.zeros { layers, 1, H }, nn.zeros { layers, 1, H } }
  local _, text = nn.scan(turn, { token = first[1], state = zero }, { t = nn.iota(length - 1), given = first:slice(1, 2, -1) })
  return { text = nn.concat({ first:slice(1, 1, 1), text }, 1) }
end }

local text = nn.data.text { file = "data/tinyshakespeare.txt", vocabulary = alphabet, length = T, batch = B, stateful = true }
local learnt, unseen = nn.data.split(text, { 0.9, { 0.1, drop_last = true } })
return nn.program {
  name = "char_lstm", model = net, state = memories, data = { train = learnt, test = unseen }, train = train, validate = validate, generate = generate,
  run = { epochs = nn.hyper("epochs", 5), step = train, each_epoch = "validate", after = { generate, write = { text = "-" } } },
}

-- Reaches: (seed 0) validation losses of 1.786, 1.664, 1.616, 1.589 and 1.582 nats a character in 5 epochs of 627 steps.
