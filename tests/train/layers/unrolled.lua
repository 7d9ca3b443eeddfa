-- unrolled.lua: what nn.scan and nn.vmap compute, and the same without a loop, written out turn by turn or row by row: each case is a pair of
-- numbers <case>.loop and <case>.plain, which tests/train/loops.sh compares. An LSTM (gates i, f, g, o as in PyTorch) with all its gradients,
-- gradients of single samples, a Hessian by products, a map with a branch and a loop in it.
local nn = require "nn"
local formula = require "formula"
local tensor, project = formula.tensor, formula.project

local T, B, I, H = 9, 6, 5, 7
local out = {}
local function pair(case, loop, plain)
  out[case .. ".loop"], out[case .. ".plain"] = project(loop, 50), project(plain, 50)
end

local function cell(w, s, x)
  local gates = nn.linear(x, w.ih, w.b) + nn.linear(s.h, w.hh)
  local function gate(k) return gates:slice(2, (k - 1) * H + 1, k * H) end
  local c = gate(2):sigmoid() * s.c + gate(1):sigmoid() * gate(3):tanh()
  return { h = gate(4):sigmoid() * c:tanh(), c = c }
end

local function lstm()
  local w = { ih = tensor(1, { 4 * H, I }), hh = tensor(2, { 4 * H, H }), b = tensor(3, { 4 * H }) }
  local xs, start = tensor(0, { T, B, I }), { h = tensor(4, { B, H }), c = tensor(5, { B, H }) }
  local function turn(s, x)
    local next = cell(w, s, x)
    return next, next.h
  end
  local last, hs = nn.scan(turn, start, xs)
  local s, all = start, {}
  for t = 1, T do
    s = cell(w, s, xs:select(1, t))
    all[t] = s.h
  end
  local plain = nn.stack(all, 1)
  pair("lstm_h", hs, plain)
  pair("lstm_c", last.c, s.c)
  local wanted = { w.ih, w.hh, w.b, xs, start.h, start.c }
  local g, p = nn.grad(project(hs, 7) + project(last.c, 8), wanted), nn.grad(project(plain, 7) + project(s.c, 8), wanted)
  for k = 1, #wanted do pair("lstm_d" .. k, g[k], p[k]) end
  for _, k in ipairs { 3, T } do -- turns written out, in a loop of three and without one
    local ends, h = nn.scan(turn, start, xs, { unroll = k })
    local d = nn.grad(project(h, 7) + project(ends.c, 8), wanted)
    pair("unroll_h" .. k, h, plain)
    for i = 1, #wanted do pair("unroll_d" .. k .. "_" .. i, d[i], p[i]) end
  end
  local function backward(options)
    local c, before = nn.scan(function(c, t) return 0.5 * c + t, c end, 1.0, nil, options)
    return nn.concat({ c:reshape { 1 }, before }, 1)
  end
  for _, k in ipairs { 2, 6 } do
    pair("unroll_back" .. k, backward { length = 6, reverse = true, unroll = k }, backward { length = 6, reverse = true })
  end
end

local function samples() -- the gradient of each sample's loss
  local x, w, y = tensor(10, { 5, 4 }), tensor(11, { 3, 4 }), tensor(12, { 5, 3 })
  local function loss(xi, yi) return ((nn.linear(xi, w):tanh() - yi) ^ 2):sum() end
  local all = nn.vmap(function(xi, yi) return nn.grad(loss(xi, yi), w) end, x, y)
  local each = {}
  for i = 1, 5 do each[i] = nn.grad(loss(x:select(1, i), y:select(1, i)), w) end
  pair("samples", all, nn.stack(each, 1))
end

local function hessian()
  local x, w = tensor(20, { 6 }), tensor(21, { 4, 6 })
  local function gradient() return nn.grad(nn.linear(x, w):tanh():sum() * (x * x):sum(), x) end
  local g, rows = gradient(), {}
  for i = 1, 6 do rows[i] = nn.grad(g:select(1, i), x) end
  local eye = nn.iota(6):reshape { 6, 1 }:eq(nn.iota(6):reshape { 1, 6 }):cast(x.dtype)
  pair("hessian", nn.vmap(function(v) return nn.grad((gradient() * v):sum(), x) end, eye), nn.stack(rows, 1))
end

local function branches() -- doubled until above 3, where its first element is positive
  local x = tensor(30, { 8, 3 })
  local function f(row)
    local grown = nn.while_loop(function(c) return c:abs():max():lt(3) end, function(c) return c * 2 end, row)
    return nn.cond(row:select(1, 1):gt(0), function() return grown end, function() return row * row end)
  end
  local each = {}
  for i = 1, 8 do each[i] = f(x:select(1, i)) end
  pair("branches", nn.vmap(f, x), nn.stack(each, 1))
end

local function logistic() -- 60 turns that use their value twice: 2^60 paths, written out
  local x = tensor(31, { 8 }) * 0.1 + 0.5
  local function f(y) return y * (1 - y) end
  local plain = x
  for _ = 1, 60 do plain = f(plain) end
  pair("logistic", nn.scan(function(y) return f(y), nil end, x, nil, { length = 60 }), plain)
end

local all = nn.func {
  function()
    lstm()
    samples()
    hessian()
    branches()
    logistic()
    return out
  end,
}
return nn.program { name = "loops", model = { w = nn.parameter({ 1 }, 0.0) }, all = all, run = { steps = 1, step = all } }
