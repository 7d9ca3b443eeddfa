-- ordering.lua: order, places and shapes, with first and second derivatives (tests/oracle/library/ordering.py).
local nn = require "nn"
local formula, cases = require "formula", require "cases"
local tensor, project = formula.tensor, formula.project

local NAN, INF = 0 / 0, math.huge
local TIES = { { 2.0, 1.0, 2.0, -1.0, 1.0, 2.0 }, { 0.0, 3.0, -0.0, 3.0, 0.0, -5.0 } }
local HARD = { { 2.0, NAN, -INF, INF, NAN, 0.5 }, { 1.0, 2.0, 3.0, -1.0, -2.0, -3.0 } }
local function index() return nn.constant { { 1, 3, 1 }, { 0, 3, 3 } } end

-- f gives values and positions of x
local function order(name, f, shape)
  cases.add(name, function()
    local x = tensor(4, shape, 5)
    local values, at = f(x)
    local out = cases.record(values, { x })
    out.at = project(at:cast "f64", 50)
    return out
  end)
end

local function positions(name, f)
  cases.add(name, function()
    local at = f():cast "f64"
    local out = { y = project(at, 50) }
    for k = 0, math.min(6, nn.numel(at)) - 1 do out["at" .. k] = at:reshape({ -1 })[k + 1] end
    return out
  end)
end

local function value(name, f, ...)
  local given = { ... }
  cases.add(name, function()
    local inputs = {}
    for i, of in ipairs(given) do inputs[i] = tensor(of[1], of[2], of[3]) end
    return f(table.unpack(inputs)), inputs
  end)
end

-- ---- order ----
for rank, shape in ipairs { { 7 }, { 3, 7 }, { 3, 5, 2 }, { 2, 3, 1, 4 } } do
  for dim = 1, rank do
    local case = rank .. "_" .. dim
    order("sort_" .. case, function(x) return x:sort(dim) end, shape)
    order("sort_down_" .. case, function(x) return nn.sort(x, dim, true) end, shape)
    value("cumsum_" .. case, function(x) return x:cumsum(dim) end, { 4, shape, 5 })
    value("cumprod_" .. case, function(x) return (x / 4):cumprod(dim) end, { 4, shape, 5 })
  end
end
order("sort_long", function(x) return x:sort() end, { 3, 300 })
value("cumsum_long", function(x) return nn.cumsum(x, -1) end, { 4, { 3, 300 }, 5 })
value("cumsum_exp", function(x) return x:exp():cumsum(1):log() end, { 4, { 3, 300 }, 5 })
for name, list in pairs { ties = TIES, hard = HARD } do
  positions("argsort_" .. name, function() return nn.constant(list):argsort() end)
  positions("argsort_" .. name .. "_down", function() return nn.constant(list):argsort(-1, true) end)
end
positions("argsort_unsigned", function() return nn.constant({ 3, 200, 0, 3, 255, 200 }, "u8"):argsort(1, true) end)
cases.add("cumprod_zeros", function()
  local x = nn.constant { 2.0, 0.0, 3.0, 0.0, -1.5 }
  return x:cumprod(1), { x }
end)
cases.add("prod_zeros", function()
  local x = nn.constant { 2.0, 0.0, 3.0, 0.0, -1.5 }
  return x:prod(1, true), { x }
end)

-- ---- statistics ----
local X = { 4, { 4, 9 }, 5 }
order("topk", function(x) return x:topk(3) end, X[2])
order("topk_small", function(x) return x:topk(2, 1, false) end, X[2])
order("median", function(x) return x:median(2) end, X[2])
order("median_even", function(x) return x:median(1) end, X[2])
value("median_all", function(x) return x:median():reshape { 1 } end, X)
for _, q in ipairs { 0.0, 0.25, 0.3, 1.0 } do
  value("quantile_" .. math.floor(q * 100), function(x) return x:quantile(q, 2) end, X)
end
value("quantile_keep", function(x) return x:quantile(0.4, 1, true) end, X)
value("quantile_all", function(x) return x:quantile(0.61):reshape { 1 } end, X)
value("quantile_list", function(x) return x:quantile({ 0.1, 0.9 }, 2) end, X)
cases.add("not_a_number", function()
  local x = nn.constant { { 2.0, NAN, 1.0 }, { 3.0, 1.0, 2.0 } }
  local q, m = x:quantile(0.25, 2), x:median(2)
  return { quantile0 = q[1], quantile1 = q[2], median0 = m[1], median1 = m[2] }
end)
local edges = { -2.0, -1.0, -1.0, 0.5, 3.0 }
local values = { { -3.0, -1.0, 0.0 }, { 0.5, 3.0, 9.0 } }
positions("searchsorted", function() return nn.searchsorted(nn.constant(edges), nn.constant(values)) end)
positions("searchsorted_right", function() return nn.searchsorted(nn.constant(edges), nn.constant(values), true) end)
positions("searchsorted_rows", function()
  return nn.searchsorted((tensor(5, { 2, 4 }, 3):sort(2)), tensor(6, { 2, 3 }, 3))
end)

-- ---- places ----
positions("one_hot", function() return nn.one_hot(index(), 4) end)
positions("bincount", function() return nn.bincount(index(), 5) end)
value("bincount_weights", function(w) return nn.bincount(index(), 5, w) end, { 7, { 2, 3 } })
positions("confusion_matrix", function()
  return nn.confusion_matrix(nn.constant { 0, 2, 2, 3, 1, 1 }, nn.constant { 0, 1, 2, 3, 3, 1 }, 4)
end)
-- the row is a result of a kernel whose vectors run across results
local signs = nn.buffer({ 5, 16 }, cases.init(6, 1)) -- a constant would be folded
local function gather(name, shape, f)
  local kept = nn.buffer(shape) -- so that the rows are read where the result is made
  positions(name, function()
    nn.assign(kept, tensor(4, { 20 }):gather(1, f(signs:gt(0):cast "f64"):cast "i32"))
    return nn.value(kept)
  end)
end
gather("gather_sum", { 16 }, function(u) return u:sum(1) end)
gather("gather_cumsum", { 5, 16 }, function(u) return u:cumsum(1) end)
gather("gather_product", { 16, 16 }, function(u) return u:transpose(1, 2):matmul(u) end)
local function scatter(name, dim, rows, shape, mode)
  value(name, function(x, v) return x:scatter(dim, nn.constant(rows), v, mode) end, { 4, { 4, 3 } }, shape)
end
scatter("scatter_add", 1, { 2, 0, 2 }, { 5, { 3, 3 } }, "add")
scatter("scatter_set", 1, { 2, 0, 3 }, { 5, { 3, 3 } }, "set")
scatter("scatter_set_twice", 1, { 2, 0, 2 }, { 5, { 3, 3 } }, "set")
scatter("scatter_set_columns", 2, { 2, 0 }, { 6, { 4, 2 } }, "set")

-- ---- shapes ----
local shapes = {
  unsqueeze = function(v) return v:unsqueeze(2) end,
  unsqueeze_last = function(v) return v:unsqueeze(-1) end,
  squeeze = function(v) return v:slice(1, 1, 1):squeeze() end,
  squeeze_one = function(v) return v:slice(1, 1, 1):slice(3, 1, 1):squeeze(1) end,
  expand = function(v) return v:slice(2, 1, 1):expand { 2, -1, 4, -1 } end,
  tile = function(v) return v:tile { 2, 1, 3 } end,
  tile_less = function(v) return v:tile { 2 } end,
  tile_more = function(v) return v:select(3, 1):tile { 2, 1, 3 } end,
  repeat_interleave = function(v) return v:repeat_interleave(3, 2) end,
  flip = function(v) return v:flip { 1, 3 } end,
  roll = function(v) return v:roll(1, 2) end,
  roll_back = function(v) return v:roll(-6, 2) end,
  split = function(v) return v:split(3, 2)[2] end,
  split_list = function(v) return v:split({ 1, 2, 1 }, 2)[2] end,
  chunk = function(v) return v:chunk(3, 2)[2] end,
  expand_more = function(v) return v:expand { 2, 3, 4, 2 } end,
  repeat_interleave_last = function(v) return v:repeat_interleave(2, 3) end,
  flip_middle = function(v) return v:flip(2) end,
  chunk_even = function(v) return v:chunk(2, 3)[2] end,
  masked_fill_row = function(v) return v:masked_fill(nn.constant { 1, 0 }:eq(1), -1.5) end,
  flatten = function(v) return v:flatten() end,
  flatten_rest = function(v) return v:flatten(2) end,
  flatten_last = function(v) return v:slice(3, 1, 1):flatten(3) end,
  take_along = function(v) return v:take_along(2, nn.constant { { { 3, 0 } }, { { 0, 0 } }, { { 1, 2 } } }) end,
  take_along_more = function(v) return v:take_along(3, nn.constant({ 1, 1, 0 }):broadcast { 3, 4, 3 }) end,
  masked_fill = function(v) return v:masked_fill(v:gt(0), 2.0) end,
}
for name, f in pairs(shapes) do value(name, f, { 4, { 3, 4, 2 } }) end
for k = -1, 2 do
  if k ~= 1 then
    value("tril_" .. k + 1, function(x) return x:tril(k) end, { 5, { 2, 4, 4 } })
    value("triu_" .. k + 1, function(x) return x:triu(k) end, { 5, { 2, 4, 4 } })
  end
end
positions("eye", function() return nn.eye(3, 5) end)
positions("eye_square", function() return nn.eye(3) end)
positions("one_hot_wide", function() return nn.one_hot(nn.constant { 2, 0, 4 }, 5) end)
cases.add("chunk_count", function() return { n = nn.full({}, #nn.iota(10):chunk(4, 1)) } end)

return cases.program("ordering", {})
