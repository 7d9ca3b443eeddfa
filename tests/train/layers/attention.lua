-- attention.lua: attention, Transformer layers, positions and what goes with them (tests/oracle/library/attention.py).
local nn = require "nn"
local formula, cases = require "formula", require "cases"
local tensor, project = formula.tensor, formula.project
local sdpa = nn.scaled_dot_product_attention
local model = {}

local function attend(name, f, ...)
  local given = { ... }
  cases.add(name, function()
    local inputs = {}
    for i, of in ipairs(given) do inputs[i] = tensor(of[1], of[2], of[3]) end
    return (f(table.unpack(inputs))), inputs
  end)
end
local q, k, v = { 4, { 2, 3, 5, 4 }, 2 }, { 5, { 2, 3, 7, 4 }, 2 }, { 6, { 2, 3, 7, 6 } }
local seen = tensor(7, { 5, 7 }):gt(-0.3)
attend("sdpa", sdpa, q, k, v)
attend("sdpa_scale", function(a, b, c) return sdpa(a, b, c, { scale = 0.3 }) end, q, k, v)
attend("sdpa_mask", function(a, b, c) return sdpa(a, b, c, { mask = seen }) end, q, k, v)
attend("sdpa_add", function(a, b, c, d) return sdpa(a, b, c, { mask = d }) end, q, k, v, { 8, { 2, 1, 5, 7 } })
attend("sdpa_blind", function(a, b, c) return sdpa(a, b, c, { mask = seen & nn.iota(5):ne(2):reshape { 5, 1 } }) end, q, k, v)
local function causal(a, b, c) return sdpa(a, b, c, { causal = true }) end
attend("sdpa_causal", causal, { 4, { 3, 5, 4 }, 2 }, { 5, { 3, 5, 4 }, 2 }, { 6, { 3, 5, 4 } })
attend("sdpa_grouped", causal, { 4, { 2, 6, 5, 4 }, 2 }, { 5, { 2, 2, 5, 4 }, 2 }, { 6, { 2, 2, 5, 3 } })
-- long enough for blocks of queries: 2 of 35, 3 of 44 and two rows of filling
attend("sdpa_long", causal, { 4, { 2, 70, 4 }, 2 }, { 5, { 2, 70, 4 }, 2 }, { 6, { 2, 70, 3 } })
local q, k, v = { 4, { 130, 4 }, 2 }, { 5, { 70, 4 }, 2 }, { 6, { 70, 3 } }
local seen = tensor(7, { 130, 70 }):gt(-0.3)
attend("sdpa_long_mask", function(a, b, c) return sdpa(a, b, c, { mask = seen }) end, q, k, v)
local function added(a, b, c, d) return sdpa(a, b, c, { mask = d }) end
attend("sdpa_long_add", added, q, k, v, { 8, { 130, 70 } })
attend("sdpa_long_row", added, q, k, v, { 9, { 1, 70 } })
attend("sdpa_long_grouped", causal, { 4, { 6, 70, 4 }, 2 }, { 5, { 2, 70, 4 }, 2 }, { 6, { 2, 70, 3 } })
cases.add("sdpa_long_weights", function()
  local _, w = sdpa(tensor(4, { 6, 70, 4 }, 2), tensor(5, { 2, 70, 4 }, 2), tensor(6, { 2, 70, 3 }))
  return { y = project(w, 50) }
end)

local function filled(layer, names)
  model[#model + 1] = layer
  return cases.fill(layer, names)
end

local function layer(name, m, names, call, ...)
  local given, parameters = { ... }, filled(m, names)
  cases.add(name, function()
    local inputs = {}
    for i, of in ipairs(given) do inputs[i] = tensor(of[1], of[2]) end
    local y = call(table.unpack(inputs))
    for _, p in ipairs(parameters) do inputs[#inputs + 1] = p end
    return y, inputs
  end)
end

local mha = { "in_proj_bias", "in_proj_weight", "out_proj.bias", "out_proj.weight" }
local x = { 4, { 5, 2, 6 } }
local self_attention = nn.MultiheadAttention(6, 3)
layer("mha", self_attention, mha, function(a) return (self_attention(a)) end, x)
cases.add("mha_weights", function()
  local _, w = self_attention(tensor(4, { 5, 2, 6 }))
  return { y = project(w, 50) }
end)
local again = nn.MultiheadAttention(6, 3)
layer("mha_causal", again, mha, function(a) return (again(a, { causal = true })) end, x)
local cross = nn.MultiheadAttention(6, 2, { kdim = 5, vdim = 4, batch_first = true, bias = false })
local names = { "k_proj_weight", "out_proj.weight", "q_proj_weight", "v_proj_weight" }
local three = { { 4, { 2, 3, 6 } }, { 5, { 2, 7, 5 } }, { 6, { 2, 7, 4 } } }
layer("mha_cross", cross, names, function(a, b, c) return (cross(a, b, c)) end, table.unpack(three))
local padded = nn.MultiheadAttention(6, 2, { kdim = 5, vdim = 4, batch_first = true, bias = false })
layer("mha_padding", padded, names, function(a, b, c)
  local key = nn.iota(7)
  local keys = nn.stack({ key:lt(5), key:ne(2) }, 1)
  local allowed = tensor(7, { 3, 7 }):gt(-0.5) | key:eq(0)
  return (padded(a, b, c, { key_padding_mask = keys, mask = allowed }))
end, table.unpack(three))
local grouped = nn.MultiheadAttention(8, 4, { kv_heads = 2, batch_first = true })
layer("mha_grouped", grouped, mha, function(a) return (grouped(a, { causal = true })) end, { 4, { 2, 5, 8 } })

local function of(prefix)
  local list = {}
  for i, name in ipairs(mha) do list[i] = prefix .. name end
  return list
end
local function join(...)
  local all = {}
  for _, list in ipairs { ... } do
    for _, name in ipairs(list) do all[#all + 1] = name end
  end
  return all
end
local rest = { "linear1.bias", "linear1.weight", "linear2.bias", "linear2.weight", "norm1.bias", "norm1.weight", "norm2.bias", "norm2.weight" }
local encoder = nn.TransformerEncoderLayer(6, 3, { dim_feedforward = 9 })
layer("encoder", encoder, join(of "self_attn.", rest), encoder, x)
local first = nn.TransformerEncoderLayer(6, 2, { dim_feedforward = 7, activation = "gelu", norm_first = true, batch_first = true, layer_norm_eps = 1e-3 })
layer("encoder_first", first, join(of "self_attn.", rest), function(a) return first(a, { causal = true }) end, { 4, { 2, 5, 6 } })
for name, norm_first in pairs { decoder = false, decoder_first = true } do
  local decoder = nn.TransformerDecoderLayer(6, 3, { dim_feedforward = 9, norm_first = norm_first, batch_first = true })
  layer(name, decoder, join(of "self_attn.", of "multihead_attn.", rest, { "norm3.bias", "norm3.weight" }), function(a, memory)
    return decoder(a, memory, { target = { causal = true } })
  end, { 4, { 2, 5, 6 } }, { 5, { 2, 7, 6 } })
end
local function of_layers(list)
  local all = {}
  for i = 0, 1 do
    for _, name in ipairs(list) do all[#all + 1] = "layers." .. i .. "." .. name end
  end
  return join(all, { "norm.bias", "norm.weight" })
end
local stack = nn.TransformerEncoder(function()
  return nn.TransformerEncoderLayer(6, 2, { dim_feedforward = 7, batch_first = true, norm_first = true })
end, 2, nn.LayerNorm(6))
layer("encoder_stack", stack, of_layers(join(of "self_attn.", rest)), function(a) return stack(a, { causal = true }) end, { 4, { 2, 5, 6 } })
local decoders = nn.TransformerDecoder(function()
  return nn.TransformerDecoderLayer(6, 3, { dim_feedforward = 8, batch_first = true })
end, 2, nn.LayerNorm(6))
layer("decoder_stack", decoders, of_layers(join(of "self_attn.", of "multihead_attn.", rest, { "norm3.bias", "norm3.weight" })), function(a, memory)
  return decoders(a, memory, { target = { causal = true } })
end, { 4, { 2, 5, 6 } }, { 5, { 2, 7, 6 } })
local function of_one(list)
  local all = {}
  for i, name in ipairs(list) do all[i] = "layers.0." .. name end
  return all
end
local options = { dim_feedforward = 5, dropout = 0.4 }
local one = nn.TransformerEncoder(function() return nn.TransformerEncoderLayer(3, 1, options) end, 1)
layer("encoder_one", one, of_one(join(of "self_attn.", rest)), one, { 4, { 3, 1, 3 } })
local decoder_one = nn.TransformerDecoder(function() return nn.TransformerDecoderLayer(3, 1, options) end, 1)
layer("decoder_one", decoder_one, of_one(join(of "self_attn.", of "multihead_attn.", rest, { "norm3.bias", "norm3.weight" })), decoder_one,
  { 4, { 3, 1, 3 } }, { 5, { 2, 1, 3 } })

-- ---- what goes with them ----
local bilinear = nn.Bilinear(5, 4, 7)
bilinear.weight, bilinear.bias = nn.parameter({ 7, 5, 4 }, cases.init(6)), nn.parameter({ 7 }, cases.init(7))
model.bilinear = bilinear
cases.add("bilinear", function()
  local a, b = tensor(4, { 3, 2, 5 }), tensor(5, { 3, 2, 4 })
  return bilinear(a, b), { a, b, bilinear.weight, bilinear.bias }
end)
local plain_bilinear = nn.Bilinear(3, 2, 5, { bias = false })
plain_bilinear.weight = nn.parameter({ 5, 3, 2 }, cases.init(6))
model.plain_bilinear = plain_bilinear
cases.add("bilinear_plain", function()
  local a, b = tensor(4, { 1, 3 }), tensor(5, { 1, 2 })
  return plain_bilinear(a, b), { a, b, plain_bilinear.weight }
end)
local index = nn.constant({ { 0, 2, 5, 2 }, { 1, 2, 2, 3 } }, "i32")
local with_padding, plain = nn.Embedding(6, 5, { padding_idx = 2 }), nn.Embedding(6, 5)
with_padding.weight, plain.weight = nn.parameter({ 6, 5 }, cases.init(4)), nn.parameter({ 6, 5 }, cases.init(4))
local head = nn.Tied(plain)
model.with_padding, model.plain, model.head = with_padding, plain, head
cases.add("padded", function() return with_padding(index), { with_padding.weight } end)
cases.add("tied", function() return head(plain(index):tanh()), { plain.weight } end)
local column = nn.Embedding(3, 1)
column.weight = nn.parameter({ 3, 1 }, cases.init(4))
local row = nn.Tied(column)
model.column, model.row = column, row
cases.add("tied_one", function() return row(column(nn.constant { 2, 0, 2 }) ^ 2), { column.weight } end)

local learned = nn.LearnedPosition(9, 6)
learned.weight = nn.parameter({ 9, 6 }, cases.init(5))
model.learned = learned
cases.add("learned", function()
  local a = tensor(4, { 2, 5, 6 })
  return learned(a), { a, learned.weight }
end)

local whole = nn.LearnedPosition(3, 3)
whole.weight = nn.parameter({ 3, 3 }, cases.init(5))
model.whole = whole
cases.add("learned_whole", function()
  local a = tensor(4, { 3, 3 })
  return whole(a), { a, whole.weight }
end)

-- The module against the function with its angles
local function rotations(name, m, shape)
  model[name] = m
  cases.add(name, function()
    local a, T = tensor(4, shape), shape[#shape - 1]
    return m(a), { a }, nn.rotary(a, m.cos:slice(1, 1, T), m.sin:slice(1, 1, T), m.adjacent)
  end)
end
rotations("rotary", nn.Rotary(6, 10), { 2, 3, 5, 6 })
rotations("rotary_adjacent", nn.Rotary(6, 5, { adjacent = true }), { 2, 3, 5, 6 })
rotations("rotary_odd", nn.Rotary(2, 3, { base = 100 }), { 3, 2 })
rotations("rotary_adjacent_odd", nn.Rotary(2, 4, { base = 100, adjacent = true }), { 3, 2 })

local halves, adjacent, table_of = nn.Rotary(6, 10), nn.Rotary(6, 10, { adjacent = true }), nn.SinusoidalPosition(9, 6)
cases.add("positions", function()
  local h = tensor(4, { 2, 7, 6 })
  return {
    sinusoidal = project(table_of(nn.zeros { 7, 6 }), 50), rotary = project(halves(h), 50), rotary_adjacent = project(adjacent(h), 50),
    alibi = project(nn.alibi(6, 4, 5), 50), alibi_odd = project(nn.alibi(3, 5), 50), sinusoidal_odd = project(nn.sinusoidal(3, 4, 50), 50),
  }
end)

return cases.program("attention", model)
