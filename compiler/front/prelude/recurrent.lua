-- recurrent.lua: RNN (Elman 1990), GRU (Cho et al. 2014, in the form of which torch and cuDNN are), LSTM (Hochreiter and
-- Schmidhuber 1997, with the forget gate of Gers et al. 2000) and their cells: PyTorch's names of states, order of gates,
-- layouts and initial values; sizes: H is hidden_size, which an LSTM may project to fewer. What a layer does with its input is one product over all turns in front of the loop, so
-- that a turn costs the product with the hidden state and one elementwise kernel.
local nn, core = ...

local function gate(x, k, size) return x:slice(-1, (k - 1) * size + 1, k * size) end

-- kinds[name]: gates, states, and turn(x, h, state): the new states from x = W_ih x + b_ih and h = W_hh h + b_hh,
-- [B, gates * H]. The first state is what the layer gives out.
local function rnn_turn(f) return function(x, h) return { f(x + h) } end end

local kinds = {
  tanh = { gates = 1, states = 1, turn = rnn_turn(nn.tanh) },
  relu = { gates = 1, states = 1, turn = rnn_turn(function(x) return nn.relu(x) end) },
  gru = { gates = 3, states = 1, turn = function(x, h, state, H) -- reset, update, new
    local r, z = (gate(x, 1, H) + gate(h, 1, H)):sigmoid(), (gate(x, 2, H) + gate(h, 2, H)):sigmoid()
    local n = (gate(x, 3, H) + r * gate(h, 3, H)):tanh()
    return { n + z * (state[1] - n) }
  end },
  lstm = { gates = 4, states = 2, turn = function(x, h, state, H) -- input, forget, cell, output
    local a = x + h
    local c = gate(a, 2, H):sigmoid() * state[2] + gate(a, 1, H):sigmoid() * gate(a, 3, H):tanh()
    return { gate(a, 4, H):sigmoid() * c:tanh(), c }
  end },
}

local function kind_of(what, name, nonlinearity)
  if name ~= "rnn" then return kinds[name] end
  nonlinearity = nonlinearity or "tanh"
  if nonlinearity ~= "tanh" and nonlinearity ~= "relu" then core.fail("mode_unknown", what .. "'s nonlinearity", nonlinearity) end
  return kinds[nonlinearity]
end

-- The parameters of a layer and direction, all U(-1 / sqrt(H), 1 / sqrt(H))
local function add_parameters(self, suffix, inputs, bias)
  local rows, within = self.kind.gates * self.hidden_size, core.init_within(1 / math.sqrt(self.hidden_size))
  self["weight_ih" .. suffix] = nn.parameter({ rows, inputs }, within)
  self["weight_hh" .. suffix] = nn.parameter({ rows, self.output_size }, within)
  if bias then
    self["bias_ih" .. suffix] = nn.parameter({ rows }, within)
    self["bias_hh" .. suffix] = nn.parameter({ rows }, within)
  end
  if self.output_size ~= self.hidden_size then self["weight_hr" .. suffix] = nn.parameter({ self.output_size, self.hidden_size }, within) end
end

-- ---- layers ----

local function wants(what, text, x) core.fail("layer_input", what, text, core.is_tensor(x) and core.tensor_text(x) or core.what(x)) end

-- The states of a call as a list of tensors [.., size]: h of output_size, an LSTM's c of hidden_size; zeros without `given`.
-- One state is given as it is, an LSTM's two as a list. fit(state): what a given state is taken for
local function call_states(self, what, given, name, rows, dtype, fit)
  local list, shapes, count = {}, {}, self.kind.states
  for i = 1, count do
    shapes[i] = table.move(rows, 1, #rows, 1, {})
    shapes[i][#rows + 1] = i == 1 and self.output_size or self.hidden_size
    if given == nil then list[i] = nn.zeros(shapes[i], dtype) end
  end
  if given == nil then return list end
  local text = (count == 2 and "{ h, c } of " or name .. " ") .. core.shape_text(shapes[1])
  if self.output_size ~= self.hidden_size then text = text .. " and " .. core.shape_text(shapes[2]) end
  if count == 1 then given = { given } end
  if type(given) ~= "table" or core.kind(given) or #given ~= count then wants(what, text, given) end
  for i, state in ipairs(given) do
    list[i] = core.is_tensor(state) and fit(state) or state
    if not core.is_tensor(state) or core.shape_text(list[i].shape) ~= core.shape_text(shapes[i]) then wants(what, text, state) end
  end
  return list
end

-- The initial states, each [layers * directions, B, size]
local function initial_states(self, what, given, batch, unbatched, dtype)
  local rows = { self.num_layers * self.directions, batch }
  return call_states(self, what, given, "an initial state", rows, dtype, function(state)
    return unbatched and state.rank == 2 and state:reshape { state.shape[1], 1, state.shape[2] } or state
  end)
end

-- One layer in one direction: x [T, B, I] -> [T, B, output_size], and the list of last states [B, size]
local function run(self, suffix, x, state, reverse)
  local H, turn, weight = self.hidden_size, self.kind.turn, self["weight_hh" .. suffix]
  local inner, projection = self["bias_hh" .. suffix], self["weight_hr" .. suffix]
  local projected = nn.linear(x, self["weight_ih" .. suffix], self["bias_ih" .. suffix])
  local last, outputs = nn.scan(function(carry, row)
    local next = turn(row, nn.linear(carry[1], weight, inner), carry, H)
    if projection then next[1] = nn.linear(next[1], projection) end
    return next, next[1]
  end, state, projected, { reverse = reverse })
  return outputs, last
end

-- All layers: x [T, B, I] -> [T, B, directions * output_size], and each state's last values, [layers * directions, B, size]
local function run_layers(self, x, states)
  local ends = {}
  for i = 1, #states do ends[i] = {} end
  for layer = 0, self.num_layers - 1 do
    local directions = {}
    for d = 1, self.directions do
      local index, first = layer * self.directions + d, {}
      for i, state in ipairs(states) do first[i] = state:select(1, index) end
      local last
      directions[d], last = run(self, "_l" .. layer .. (d == 2 and "_reverse" or ""), x, first, d == 2)
      for i, state in ipairs(last) do ends[i][index] = state end
    end
    x = self.directions == 2 and nn.concat(directions, -1) or directions[1]
    if layer < self.num_layers - 1 then x = self.drop(x) end
  end
  for i, list in ipairs(ends) do ends[i] = nn.stack(list, 1) end
  return x, ends
end

local function forward(self, x, given)
  local what = core.kind(self)
  core.tensor(what, x)
  local I = self.input_size
  if x.rank < 2 or x.rank > 3 or x.shape[x.rank] ~= I then
    wants(what, (self.batch_first and "[B, T, " or "[T, B, ") .. I .. "] or [T, " .. I .. "]", x)
  end
  local unbatched = x.rank == 2
  local turned = self.batch_first and not unbatched
  if unbatched then x = x:reshape { x.shape[1], 1, I } end
  if turned then x = x:transpose(1, 2) end
  local y, ends = run_layers(self, x, initial_states(self, what, given, x.shape[2], unbatched, x.dtype))
  if turned then y = y:transpose(1, 2) end
  if unbatched then
    y = y:squeeze(2)
    for i, state in ipairs(ends) do ends[i] = state:squeeze(2) end
  end
  return y, #ends == 1 and ends[1] or ends
end

-- The size of what a layer gives out: hidden_size, or an LSTM's proj_size below it (0: none)
local function output_size(what, hidden_size, projection)
  if projection == nil or projection == 0 then return hidden_size end
  if core.count(what, "proj_size", projection) >= hidden_size then
    core.fail("number_range", what, "proj_size", "below the hidden_size of " .. hidden_size, projection)
  end
  return projection
end

local function layer(what, name, input_size, hidden_size, options)
  core.count(what, "input_size", input_size)
  core.count(what, "hidden_size", hidden_size)
  options = core.fields(what, options, {
    num_layers = "number", bias = "boolean", batch_first = "boolean", dropout = "number", bidirectional = "boolean",
    nonlinearity = name == "rnn" and "string" or nil, proj_size = name == "lstm" and "number" or nil,
  })
  local self = {
    input_size = input_size, hidden_size = hidden_size, output_size = output_size(what, hidden_size, options.proj_size),
    num_layers = core.count(what, "num_layers", options.num_layers or 1),
    directions = options.bidirectional and 2 or 1, batch_first = options.batch_first or false, kind = kind_of(what, name, options.nonlinearity),
    drop = nn.Dropout(core.range(what, "dropout", options.dropout or 0, 0, 0.999999, "at least 0 and below 1")), forward = forward,
  }
  for k = 0, self.num_layers - 1 do
    for d = 1, self.directions do
      add_parameters(self, "_l" .. k .. (d == 2 and "_reverse" or ""), k == 0 and input_size or self.directions * self.output_size, options.bias ~= false)
    end
  end
  return core.module(self, what)
end

---@class nn.RecurrentOptions
---@field num_layers? integer `1`
---@field bias? boolean `true`
---@field batch_first? boolean `false`: [T, B, I]; true: [B, T, I]
---@field dropout? number `0`, between the layers
---@field bidirectional? boolean `false`

---@class nn.RNNOptions: nn.RecurrentOptions
---@field nonlinearity? "tanh"|"relu" `"tanh"`

--- Elman's network (1990), h' = tanh(W_ih x + b_ih + W_hh h + b_hh), in `num_layers` layers. States of layer k, from 0: `weight_ih_lk` [H, I],
--- `weight_hh_lk` [H, H], `bias_ih_lk`, `bias_hh_lk` [H]; of the other direction with `_reverse` behind; all U(-1 / sqrt(H), 1 / sqrt(H)). Called (x, h0?)
--- with x [T, B, I] ([T, I] without a batch) it gives the outputs [T, B, directions H] and the last states [num_layers directions, B, H]; without h0 the states
--- start at 0.
---@param input_size integer I
---@param hidden_size integer H
---@param options? nn.RNNOptions `{}`
---@return nn.Module
function nn.RNN(input_size, hidden_size, options) return layer("nn.RNN", "rnn", input_size, hidden_size, options) end

--- Gated recurrent units (Cho et al. 2014, with the reset gate behind the product, as torch and cuDNN have it). States and call as of
--- [`nn.RNN`](#nn.RNN), with rows for reset, update and new gate: `weight_ih_lk` [3 H, I] ….
---@param input_size integer I
---@param hidden_size integer H
---@param options? nn.RecurrentOptions `{}`
---@return nn.Module
function nn.GRU(input_size, hidden_size, options) return layer("nn.GRU", "gru", input_size, hidden_size, options) end

---@class nn.LSTMOptions: nn.RecurrentOptions
---@field proj_size? integer `0`: none; P, below H: the size of the outputs and of h

--- Long short-term memory (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000). States and call as of [`nn.RNN`](#nn.RNN), with rows
--- for input, forget, cell and output gate: `weight_ih_lk` [4 H, I] …; the states of a call are a pair: y, { h, c } = lstm(x, { h0, c0 }). With
--- `proj_size` = P the outputs and h are W_hr h, of size P (Sak et al. 2014): `weight_hr_lk` [P, H] stands behind the others, and `weight_hh_lk` is [4 H, P].
---@param input_size integer I
---@param hidden_size integer H
---@param options? nn.LSTMOptions `{}`
---@return nn.Module
function nn.LSTM(input_size, hidden_size, options) return layer("nn.LSTM", "lstm", input_size, hidden_size, options) end

-- ---- cells: one turn ----

-- The states of a cell's call, each like [.., H] beside x [.., I]
local function cell_states(self, what, x, given)
  local rows = x.shape
  rows[#rows] = nil
  return call_states(self, what, given, "a state", rows, x.dtype, function(state) return state end)
end

local function cell_forward(self, x, given)
  local what = core.kind(self)
  core.tensor(what, x)
  if x.rank < 1 or x.shape[x.rank] ~= self.input_size then wants(what, "a last dimension of " .. self.input_size, x) end
  local state = cell_states(self, what, x, given)
  local h = nn.linear(state[1], self.weight_hh, self.bias_hh)
  return table.unpack(self.kind.turn(nn.linear(x, self.weight_ih, self.bias_ih), h, state, self.hidden_size))
end

local function cell(what, name, input_size, hidden_size, options)
  core.count(what, "input_size", input_size)
  core.count(what, "hidden_size", hidden_size)
  options = core.fields(what, options, { bias = "boolean", nonlinearity = name == "rnn" and "string" or nil })
  local self = { input_size = input_size, hidden_size = hidden_size, output_size = hidden_size, kind = kind_of(what, name, options.nonlinearity), forward = cell_forward }
  add_parameters(self, "", input_size, options.bias ~= false)
  return core.module(self, what)
end

---@class nn.CellOptions
---@field bias? boolean `true`

---@class nn.RNNCellOptions: nn.CellOptions
---@field nonlinearity? "tanh"|"relu" `"tanh"`

--- One turn of nn.RNN: cell(x [.., I], h?) gives the next h [.., H]. States `weight_ih` [H, I], `weight_hh` [H, H], `bias_ih`, `bias_hh` [H].
---@param input_size integer I
---@param hidden_size integer H
---@param options? nn.RNNCellOptions `{}`
---@return nn.Module
function nn.RNNCell(input_size, hidden_size, options) return cell("nn.RNNCell", "rnn", input_size, hidden_size, options) end

--- One turn of nn.GRU: cell(x [.., I], h?) gives the next h [.., H].
---@param input_size integer I
---@param hidden_size integer H
---@param options? nn.CellOptions `{}`
---@return nn.Module
function nn.GRUCell(input_size, hidden_size, options) return cell("nn.GRUCell", "gru", input_size, hidden_size, options) end

--- One turn of nn.LSTM: h, c = cell(x [.., I], { h, c }?).
---@param input_size integer I
---@param hidden_size integer H
---@param options? nn.CellOptions `{}`
---@return nn.Module
function nn.LSTMCell(input_size, hidden_size, options) return cell("nn.LSTMCell", "lstm", input_size, hidden_size, options) end
