-- loops.lua: what the library makes of scans: stacked layers, CTC (tests/oracle/library/loops.py).
local nn = require "nn"
local formula, cases = require "formula", require "cases"
local tensor, project = formula.tensor, formula.project
local model = {}

-- ---- stacked layers: parameters are tensors 10, 11, … ----
local function stack(name, n, make, options)
  local m = nn.Stack(n, make, options)
  model[name] = m
  cases.add(name, function()
    local x, inputs = tensor(4, { 5, 4 }), {}
    inputs[1] = x
    for i, p in ipairs(nn.parameters(m)) do
      nn.assign(p, tensor(9 + i, p.shape))
      inputs[i + 1] = p
    end
    local out = cases.record(m(x), inputs)
    for k, state in ipairs(nn.states(m, "*running_*")) do out["s" .. (k - 1)] = project(nn.value(state), 69 + k) end
    return out
  end, "train")
  return m
end
local function mixing() return nn.Residual(nn.Sequential { nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 4) }) end
stack("stack", 3, mixing)
stack("stack_segments", 4, mixing, { checkpoint = 2 })
stack("stack_norm", 3, function() return nn.Sequential { nn.Linear(4, 4), nn.BatchNorm1d(4) } end)

-- ---- connectionist temporal classification ----
local targets = nn.constant({ { 1, 2, 2 }, { 3, 1, 9 }, { 2, -7, 9 }, { 1, 1, 1 } }, "i32")
local function ctc(name, options, inputs, lengths, labels)
  cases.add(name, function()
    local x = tensor(4, { 6, 4, 5 }, 2)
    return nn.ctc_loss(nn.log_softmax(x), labels or targets, inputs or { 6, 5, 3, 5 }, lengths or { 3, 2, 0, 3 }, options), { x }
  end)
end
ctc("ctc", {})
ctc("ctc_sum", { reduction = "sum" })
ctc("ctc_none", { reduction = "none" })
ctc("ctc_blank", { blank = 4 }, nil, nil, nn.constant({ { 1, 0, 0 }, { 3, 1, 9 }, { 2, -7, 9 }, { 1, 1, 0 } }, "i32"))
ctc("ctc_zero", { zero_infinity = true }, { 3, 5, 3, 4 })
cases.add("ctc_impossible", function()
  local loss = nn.ctc_loss(nn.log_softmax(tensor(4, { 6, 4, 5 }, 2)), targets, { 3, 5, 3, 4 }, { 3, 2, 0, 3 }, { reduction = "none" })
  return { r0 = loss:select(1, 1), r1 = loss:select(1, 2), r2 = loss:select(1, 3), r3 = loss:select(1, 4) }
end)
cases.add("ctc_decode", function()
  local labels, lengths = nn.ctc_greedy_decode(tensor(8, { 9, 3, 3 }), { 9, 7, 0 })
  local blank = nn.ctc_greedy_decode(tensor(8, { 9, 3, 3 }), nil, { blank = 2 })
  return { labels = project(labels:cast "f64", 50), lengths = project(lengths:cast "f64", 51), blank = project(blank:cast "f64", 52) }
end)

local function beam(name, options, lengths)
  cases.add(name, function()
    local labels, counts, log_p = nn.ctc_beam_decode(nn.log_softmax(tensor(9, { 7, 3, 4 })), lengths, options)
    return { labels = project(labels:cast "f64", 50), lengths = project(counts:cast "f64", 51), p = project(log_p:exp(), 52) }
  end)
end
beam("ctc_beam", { beam_width = 3 }, { 7, 5, 0 })
beam("ctc_beam_blank", { beam_width = 4, blank = 3 })
beam("ctc_beam_one", { beam_width = 1 })
cases.add("ctc_beam_all", function()
  local _, _, log_p = nn.ctc_beam_decode(nn.log_softmax(tensor(9, { 4, 2, 3 })), nil, { beam_width = 40 })
  return { p0 = project(log_p[1]:exp(), 50), p1 = project(log_p[2]:exp(), 50) }
end)

local function distances(name, bound, x, counts, y, others)
  local function labels(of) return (tensor(of[1], of[2], bound) + bound):floor():cast "i32" end
  cases.add(name, function()
    local d, out = nn.edit_distance(labels(x), counts, labels(y), others), {}
    for n = 1, #counts do out["r" .. (n - 1)] = d[n] end
    return out
  end)
end
distances("edit_distance", 1.5, { 7, { 6, 5 } }, { 5, 3, 0, 5, 2, 4 }, { 8, { 6, 6 } }, { 6, 6, 4, 0, 2, 5 })
distances("edit_distance_odd", 1.0, { 5, { 3, 7 } }, { 7, 6, 1 }, { 6, { 3, 3 } }, { 3, 1, 3 })

return cases.program("loops", model)
