-- stories.lua: a Llama tells stories: the 260,000 weights that Karpathy trained on TinyStories (Eldan and Li 2023; karpathy/tinyllamas, stories260K),
-- converted from llama2.c's file by models/stories.py, and its vocabulary of 512 pieces, tok512.bin:
--   python3 models/stories.py stories260K.bin stories260K.safetensors
--   nnc models/stories.lua -o stories
--   ./stories --init stories260K.safetensors --data words=tok512.bin --generate.prompt "Once upon a time" --temperature 0
-- --temperature, --top_k and --top_p choose how a piece is drawn; a temperature of 0 takes the likeliest. Keys and values of the places before are kept.
-- With -D train=true and a text (--data text=FILE) the weights learn on: windows of T pieces.
local nn = require "nn"
local T, said, P = nn.arg("length", 256), nn.arg("said", 200), nn.arg("prompt", 64)
local begin, stop = 1, 2 -- tokens of the beginning and the end of a text; 0 stands in front of a short prompt
local words = nn.data.bpe { file = "data/tok512.bin", size = nn.arg("vocab", 512) }
local net = require "llama_net" { vocab = words.classes, dim = 64, hidden = 172, layers = 5, heads = 8, kv_heads = 4, length = 512, cached = true }

local choice = {
  temperature = nn.hyper("temperature", 0.8, { min = 0 }), top_k = nn.hyper("top_k", 0, { min = 0 }),
  top_p = nn.hyper("top_p", 0.9, { min = 0, max = 1 }),
}

-- The prompt behind its beginning, [P+1]: tokens move to the front, from behind the zeros that fill it.
local function shifted(prompt)
  local empty = prompt:eq(0):cast("i32"):cumprod(1):sum()                               -- how many
  local place = nn.minimum(nn.iota(P) + empty, P - 1)
  local front = prompt:gather(1, place)
  return nn.concat({ nn.full({ 1 }, begin, "i32"), front }, 1), P - empty
end

-- `said` pieces: those of the prompt, then what is drawn; behind a beginning or an end nothing more.
local generate = nn.func { inputs = { prompt = nn.input({ P }, "i32", 0) }, function(i)
  local given, count = shifted(i.prompt)
  local function turn(c, t)
    local drawn = nn.random.token(net.one(c.token, t):reshape { -1 }, choice)
    local known = given:gather(1, nn.minimum(t + 1, P):reshape { 1 }):reshape {}
    local next = nn.where(t:lt(count), known, nn.where(c.over:gt(0), stop, drawn))
    local over = t:ge(count) & (next:eq(begin) | next:eq(stop))
    return { token = next:reshape { 1 }, over = over:cast "i32" }, nn.where(over, stop, next)
  end
  local _, text = nn.scan(turn, { token = nn.full({ 1 }, begin, "i32"), over = 0 }, nn.iota(said))
  return { text = text }
end }

local tell = { generate, write = { text = "-" } }
if not nn.arg("train", false) then
  return nn.program { name = "stories", model = net, data = { words = words }, generate = generate, run = { steps = 1, step = tell } }
end

local text = nn.data.text { file = "data/stories.txt", vocabulary = words, length = T, batch = 8, shuffle = true }
local function loss(b) return nn.cross_entropy(net(b.x), b.y) end
local optimizer = nn.AdamW { net, lr = nn.cosine(nn.hyper("lr", 5e-4)), betas = { 0.9, 0.95 }, weight_decay = 0.1 }
local train = nn.train { on = "text", loss = loss, clip_norm = 1.0, optimizer = optimizer }
return nn.program {
  name = "stories", model = net, data = { words = words, text = text }, train = train, generate = generate,
  run = { epochs = nn.hyper("epochs", 1), step = train, after = tell },
}

-- Reaches: without a prompt and with a temperature of 0 the 200 pieces that the author of the weights published, byte for byte (tests/train/stories.sh), in f32.
