-- word2vec.lua: skip-gram with negative sampling (Mikolov et al. 2013): a word's vector times another's context vector tells pairs of
-- one text from pairs of chance. The texts are made up, so that the answer is known: 4 topics, 8 words each, the k-th of a topic
-- 1 / k as frequent as its first; a word of a text is of the text's topic with probability 0.85. With enough dimensions the scores tend
-- to log(P(c | w) / noise(c)) - log(negatives) (Levy and Goldberg 2014).
local nn = require "nn"
local topics, size, own = 4, 8, 0.85
local V, D, B, shared, negatives = topics * size, 8, 512, 64, 5

local word, context = nn.Embedding(V, D), nn.Embedding(V, D)

-- P(word | topic) [topics,V], P(word), the noise P(word)^0.75, P(word, context) and what the scores tend to [V,V]
local given, frequent, noise, joint, goal = {}, {}, {}, {}, {}
do
  local total, sum = 0, 0
  for k = 1, size do total = total + 1 / k end
  for z = 1, topics do
    given[z] = {}
    for w = 0, V - 1 do
      local share = w // size + 1 == z and own or (1 - own) / (topics - 1)
      given[z][w + 1] = share / (w % size + 1) / total
    end
  end
  for w = 1, V do
    frequent[w] = 0
    for z = 1, topics do frequent[w] = frequent[w] + given[z][w] / topics end
    noise[w] = frequent[w] ^ 0.75
    sum = sum + noise[w]
  end
  for w = 1, V do
    joint[w], goal[w] = {}, {}
    for c = 1, V do
      joint[w][c] = 0
      for z = 1, topics do joint[w][c] = joint[w][c] + given[z][w] * given[z][c] / topics end
      goal[w][c] = math.log(joint[w][c] / frequent[w] / (noise[c] / sum) / negatives)
    end
  end
end

local function pairs_of_texts()                                                    -- i32 [B], [B]: two words of one text
  local topic = nn.random.integers({ B }, 0, topics)
  local logits = nn.constant(given):log():gather(1, topic)                         -- [B,V]
  return nn.random.categorical(logits), nn.random.categorical(logits)
end

local train = nn.train { optimizer = nn.Adam { word, context, lr = nn.cosine(nn.hyper("lr", 2e-2)) }, loss = function()
  local w, c = pairs_of_texts()
  local others = nn.random.categorical(nn.constant(noise):log(), shared)           -- one draw for the whole batch
  local v = word(w)                                                                -- [B,D]
  local true_score, false_score = (v * context(c)):sum(2), v:linear(context(others)) -- [B], [B,shared]
  return -nn.logsigmoid(true_score):mean() - negatives * nn.logsigmoid(-false_score):mean()
end }

-- How far the scores of pairs are, in the mean, from what they tend to; how many words have the nearest other word in their topic
local check = nn.func { function()
  local score = word.weight:matmul(context.weight:transpose(1, 2))
  local direction = nn.normalize(nn.value(word.weight))
  local near = direction:matmul(direction:transpose(1, 2)) - 9 * nn.eye(V)
  return { distance = ((score - nn.constant(goal)):abs() * nn.constant(joint)):sum(),
           nearest = (near:argmax(2) // size):eq(nn.iota(V) // size):cast("float"):mean() }
end }

return nn.program {
  name = "word2vec", model = { word = word, context = context }, train = train, check = check,
  run = { steps = nn.hyper("steps_of_training", 2000), before = check, step = train, after = check },
}

-- Reaches: (f32, no data) 2000 steps: a mean distance of 0.088 from what the scores tend to (2.6 at the start), every word's nearest
-- one is of its topic (5 s).
