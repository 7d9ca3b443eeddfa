-- llama.lua: models/llama_net.lua with the weights of stories260K, against the numbers stored with them (tests/train/llama.sh, which puts
-- llama_net.lua and oracle.lua beside this file): outputs are the largest differences.
local nn = require "nn"
local oracle = require "oracle"
local c = oracle.config
c.length = 512
local net = require "llama_net"(c)

-- Where a tensor of the weights' file is: stacks by layer, then the index in it
local of_layer = {
  ra = function(l) return l.attention_norm.weight end, rf = function(l) return l.ffn_norm.weight end,
  wq = function(l) return l.attention.wq.weight end, wk = function(l) return l.attention.wk.weight end,
  wv = function(l) return l.attention.wv.weight end, wo = function(l) return l.attention.wo.weight end,
  w1 = function(l) return l.feed_forward.w1.weight end, w2 = function(l) return l.feed_forward.w2.weight end,
  w3 = function(l) return l.feed_forward.w3.weight end,
}
local function place(entry)
  local index = { table.unpack(entry.index) }
  if entry.tensor == "emb" then return net.tok_embeddings.weight, index end
  if entry.tensor == "rfin" then return net.norm.weight, index end
  return of_layer[entry.tensor](net.layers[table.remove(index, 1) + 1]), index
end

local function element(x, index)
  for _, i in ipairs(index) do x = x:select(1, i + 1) end
  return x
end

local check = nn.func { function()
  local tokens = nn.constant(oracle.tokens, "i32")
  local x, y = tokens:slice(1, 1, 64):reshape { 1, 64 }, tokens:slice(1, 2, 65):reshape { 1, 64 }
  local logits = net(x)
  local loss = nn.cross_entropy(logits, y)
  local nll = nn.cross_entropy(logits, y, { reduction = "none" }):reshape { 64 }
  local last = logits:reshape { 64, c.vocab }[64]
  local out = {
    loss = loss, nll = (nll - nn.constant(oracle.nll_per_position)):abs():max(), argmax = last:argmax(),
    logits = (last:slice(1, 1, 8) - nn.constant(oracle.logits_last_first8)):abs():max(),
    square = ((logits * logits):sum() / oracle.logits_sum_of_squares - 1):abs(),
  }
  local states = nn.parameters(net)
  local gradients, differences, values = nn.grad(loss, states), {}, {}
  for i, entry in ipairs(oracle.finite_difference_gradients) do
    local state, index = place(entry)
    for k, s in ipairs(states) do
      if rawequal(s, state) then differences[i] = element(gradients[k], index) - entry.grad end
    end
    values[i] = element(nn.value(state), index) - entry.value
  end
  out.gradients, out.weights = nn.stack(differences, 1):abs():max(), nn.stack(values, 1):abs():max()
  out.count = #differences
  return out
end }

return nn.program { name = "llama_check", model = net, check = check, run = { steps = 1, step = check } }
