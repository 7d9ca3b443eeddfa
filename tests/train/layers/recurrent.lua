-- recurrent.lua: recurrent layers and cells (tests/oracle/library/recurrent.py).
local nn = require "nn"
local formula, cases = require "formula", require "cases"
local tensor = formula.tensor
local model = {}

-- All of a tree as one vector
local function all(...) return (nn.ravel { ... }) end

-- Sorted, as in the script
local function names_of(layers, directions, bias, projected)
  local list, parts = {}, bias and { "bias_hh_l", "bias_ih_l", "weight_hh_l" } or { "weight_hh_l" }
  if projected then parts[#parts + 1] = "weight_hr_l" end
  parts[#parts + 1] = "weight_ih_l"
  for _, part in ipairs(parts) do
    for layer = 0, layers - 1 do
      for d = 1, directions do list[#list + 1] = part .. layer .. (d == 2 and "_reverse" or "") end
    end
  end
  return list
end

-- A layer's case: inputs x and initial states are tensors 4, 5, 6, parameters 10, 11, …; cell_shape: that of c where it is not h's
local function layer(name, m, layers, directions, bias, shape, state_shape, cell_shape)
  local parameters = cases.fill(m, names_of(layers, directions, bias, string.find(name, "projected")))
  model[name] = m
  cases.add(name, function()
    local x, first = tensor(4, shape), {}
    if state_shape then first[1] = tensor(5, state_shape) end
    if state_shape and string.find(name, "lstm") then first[2] = tensor(6, cell_shape or state_shape) end
    local inputs = { x, first[1], first[2] }
    table.move(parameters, 1, #parameters, #inputs + 1, inputs)
    return all(m(x, first[2] and first or first[1])), inputs
  end)
end

layer("rnn", nn.RNN(3, 4), 1, 1, true, { 5, 2, 3 }, { 1, 2, 4 })
layer("rnn_relu", nn.RNN(3, 4, { num_layers = 2, nonlinearity = "relu", bidirectional = true, bias = false, batch_first = true }), 2, 2, false, { 2, 5, 3 }, { 4, 2, 4 })
layer("gru", nn.GRU(3, 4), 1, 1, true, { 5, 2, 3 })
layer("gru_deep", nn.GRU(3, 4, { num_layers = 2, bidirectional = true, dropout = 0.4 }), 2, 2, true, { 5, 2, 3 }, { 4, 2, 4 })
layer("lstm", nn.LSTM(3, 4), 1, 1, true, { 5, 2, 3 }, { 1, 2, 4 })
layer("lstm_deep", nn.LSTM(3, 4, { num_layers = 2, bidirectional = true, batch_first = true }), 2, 2, true, { 2, 5, 3 }, { 4, 2, 4 })
layer("lstm_single", nn.LSTM(3, 4, { num_layers = 3, bias = false }), 3, 1, false, { 5, 3 }, { 3, 4 })
layer("lstm_projected", nn.LSTM(3, 4, { proj_size = 2 }), 1, 1, true, { 5, 2, 3 })
layer("lstm_projected_deep", nn.LSTM(3, 4, { num_layers = 2, bidirectional = true, batch_first = true, bias = false, proj_size = 2 }), 2, 2, false,
      { 2, 5, 3 }, { 4, 2, 2 }, { 4, 2, 4 })

local cell_names = { "bias_hh", "bias_ih", "weight_hh", "weight_ih" }
for name, m in pairs { cell_rnn = nn.RNNCell(3, 4, { nonlinearity = "relu" }), cell_gru = nn.GRUCell(3, 4), cell_lstm = nn.LSTMCell(3, 4) } do
  local parameters = cases.fill(m, cell_names)
  model[name] = m
  cases.add(name, function()
    local x, h, c = tensor(4, { 2, 3 }), tensor(5, { 2, 4 }), name == "cell_lstm" and tensor(6, { 2, 4 }) or nil
    local inputs = { x, h, c }
    table.move(parameters, 1, 4, #inputs + 1, inputs)
    return all(m(x, c and { h, c } or h)), inputs
  end)
end

local odd = { bias = false }
for name, m in pairs { cell_rnn_odd = nn.RNNCell(2, 3, odd), cell_gru_odd = nn.GRUCell(2, 3, odd), cell_lstm_odd = nn.LSTMCell(2, 3, odd) } do
  local parameters = cases.fill(m, { "weight_hh", "weight_ih" })
  model[name] = m
  cases.add(name, function() -- from a state of zeros
    local x = tensor(4, { 3, 2 })
    return all(m(x)), { x, table.unpack(parameters) }
  end)
end

return cases.program("recurrent", model)
