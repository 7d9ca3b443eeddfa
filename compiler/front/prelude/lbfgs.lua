-- lbfgs.lua: the limited-memory method of Broyden, Fletcher, Goldfarb and Shanno (Nocedal 1980) with a line search for the
-- strong Wolfe conditions (Nocedal and Wright 2006, algorithms 3.5 and 3.6), step by step as torch.optim.LBFGS. The loss is
-- a function of one vector, by functional_call; one while_loop runs the iterations, one in it the search, whose two phases
-- share the one place where the loss and its gradient are computed.
local nn, core = ...
local what = "nn.LBFGS"

-- Where the cubic through two values and slopes is least, between low and high; their middle where it has no such place.
local function cubic_least(p, q, low, high)
  local d1 = p.slope + q.slope - 3 * (p.f - q.f) / (p.t - q.t)
  local square = d1 * d1 - p.slope * q.slope
  local d2, ordered = nn.maximum(square, 0.0):sqrt(), p.t:le(q.t)
  local a, b = {}, {} -- the left and the right one
  for _, name in ipairs { "t", "slope" } do
    a[name], b[name] = nn.where(ordered, p[name], q[name]), nn.where(ordered, q[name], p[name])
  end
  local place = b.t - (b.t - a.t) * ((b.slope + d2 - d1) / (b.slope - a.slope + 2 * d2))
  return nn.where(square:ge(0), nn.minimum(nn.maximum(place, low), high), (low + high) / 2)
end

local function choose(p, a, b)
  return nn.map(function(x, y) return nn.where(p, x, y) end, a, b)
end

local function scalars(point) return { t = point.t, f = point.f, slope = point.slope } end

-- The next place to look at between lo and hi, kept a tenth of their distance from both when it came near one of them
-- twice, or lies outside.
local function next_between(lo, hi, insufficient)
  local low, high = nn.minimum(lo.t, hi.t), nn.maximum(lo.t, hi.t)
  local t, margin = cubic_least(lo, hi, low, high), (high - low) * 0.1
  local near = nn.minimum(high - t, t - low):lt(margin)
  local move = near & (insufficient | t:ge(high) | t:le(low))
  local inside = nn.where((t - high):abs():lt((t - low):abs()), high - margin, low + margin)
  return nn.where(move, inside, t), near & ~move
end

-- Looking for a bracket: what follows from the point `new`, given the one before, c.lo.
local function bracket(o, c, new, start)
  local before, last = c.lo, c.i:eq(o.max_ls)
  local above = new.f:gt(start.f + o.c1 * new.t * start.slope) | (c.i:gt(1) & new.f:ge(before.f))
  local fits = ~above & new.slope:abs():le(-o.c2 * start.slope)
  local found = above | new.slope:ge(0)
  local further = cubic_least(before, new, new.t + 0.01 * (new.t - before.t), new.t * 10)
  local other = choose(last, start, before) -- out of turns: the better one of the beginning and this
  local keep = (last | (found & ~fits)) & other.f:le(new.f)
  local lo = choose(keep, other, new) -- where the search goes on, new is the point before the next
  return {
    lo = lo, hi = choose(keep, scalars(new), scalars(other)), first = keep, done = last | fits, zoom = found & ~fits & ~last, t = further,
  }
end

-- Between c.lo, the best point, and c.hi: what follows from `new`.
local function zoom(o, c, new, start)
  local lo, hi = c.lo, c.hi
  local above = new.f:gt(start.f + o.c1 * new.t * start.slope) | new.f:ge(lo.f)
  local better = nn.where(c.first, new.f:lt(lo.f), new.f:le(lo.f)) -- new in hi's place and yet below lo
  local fits = ~above & new.slope:abs():le(-o.c2 * start.slope)
  local turn = ~above & ~fits & (new.slope * (hi.t - lo.t)):ge(0)
  local take = ~above | better
  local replaced = choose(above & ~better, scalars(new), scalars(lo))
  return {
    lo = choose(take, new, lo), hi = choose(above | turn, replaced, hi), first = nn.where(above & better, ~c.first, c.first), done = fits,
  }
end

-- The line search from x along d: start = { t = 0, f, slope, g }, the first t. Returns the point and the number of evaluations.
local function search(o, at, x, d, start, t, go)
  local size = d:abs():max():cast("f64")
  local no = nn.constant(false)
  local first = { t = t, i = 0, zooming = no, done = ~go, insufficient = no, first = no, lo = start, hi = scalars(start) }
  local last = nn.while_loop(function(c) return ~c.done end, function(c)
    local f, g = at(x + c.t:cast(x.dtype) * d)
    local new = { t = c.t, f = f, slope = (g * d):sum():cast("f64"), g = g }
    local b, z = bracket(o, c, new, start), zoom(o, c, new, start)
    local within = c.zooming | b.zoom
    local lo, hi = choose(c.zooming, z.lo, b.lo), choose(c.zooming, z.hi, b.hi)
    local done = nn.where(c.zooming, z.done, b.done)
    local narrow = within & (c.i:ge(o.max_ls) | ((hi.t - lo.t):abs() * size):lt(o.tolerance_change))
    local between, insufficient = next_between(lo, hi, c.insufficient)
    return {
      t = nn.where(within, between, b.t), i = c.i + 1, zooming = within, done = done | narrow, insufficient = within & insufficient,
      first = nn.where(c.zooming, z.first, b.first), lo = lo, hi = hi,
    }
  end, first)
  return last.lo, last.i
end

-- The direction -H g by the two loops over the last m pairs (s, y), in a ring of m + 1 rows: row `stored` % (m + 1) is spare, and
-- rows that were never written have ro = 0, which does nothing.
local function direction(self, g)
  local m = self.options.history_size
  local function row(k) return (self.stored - 1 - k + 2 * (m + 1)) % (m + 1) end
  local q, alphas = nn.scan(function(q, k)
    local i = row(k)
    local alpha = (self.old_stps:gather(1, i) * q):sum() * self.ro:gather(1, i)
    return q - alpha * self.old_dirs:gather(1, i), alpha
  end, -g, nil, { length = m })
  return (nn.scan(function(r, turn)
    local i = row(turn.k)
    local beta = (self.old_dirs:gather(1, i) * r):sum() * self.ro:gather(1, i)
    return r + (turn.alpha - beta) * self.old_stps:gather(1, i)
  end, q * self.H_diag, { k = nn.iota(m), alpha = alphas }, { reverse = true }))
end

-- Keeps s = t d and y = g - g before, where s y is positive enough. They are written in any case, into the spare row, which
-- becomes one of the m by counting: so the rows change where they lie.
local function remember(self, g, begun)
  local n, rows = g.shape[1], self.options.history_size + 1
  local s, y = self.d * self.length:cast(g.dtype), g - self.prev_flat_grad
  local ys = (y * s):sum()
  local accept, at = ys:gt(1e-10) & begun, (self.stored % rows):reshape { 1 }
  local function put(state, value) nn.assign(state, nn.scatter(state, 1, at, value, "set")) end
  put(self.old_stps, s:reshape { 1, n })
  put(self.old_dirs, y:reshape { 1, n })
  put(self.ro, (1 / ys):reshape { 1 })
  nn.assign(self.H_diag, nn.where(accept, ys / (y * y):sum(), self.H_diag))
  local stored = nn.where(accept, self.stored + 1, self.stored)
  nn.assign(self.stored, nn.where(stored:ge(2 * rows), stored - rows, stored))
end

-- One iteration from the carry { x, f, g, n, evaluations, go }
local function iterate(self, at, lr, c)
  local o, begun = self.options, self.t:gt(0)
  remember(self, c.g, begun)
  local d = direction(self, c.g)
  local length = nn.where(begun, 1.0, nn.minimum(1.0, 1 / c.g:abs():sum():cast("f64"))) * lr
  local slope = (c.g * d):sum():cast("f64")
  local go = slope:le(-o.tolerance_change)
  local start = { t = nn.constant(0.0, "f64"), f = c.f, slope = slope, g = c.g }
  local found, times = search(o, at, c.x, d, start, length, go)
  length = nn.where(go, found.t, length)
  nn.assign(self.d, d)
  nn.assign(self.length, length)
  nn.assign(self.prev_flat_grad, c.g)
  nn.assign(self.t, self.t + 1)
  local n, evaluations = c.n + 1, c.evaluations + times
  local moved = (d:abs():max():cast("f64") * length:abs()):gt(o.tolerance_change) & (found.f - c.f):abs():ge(o.tolerance_change)
  local more = n:lt(o.max_iter) & evaluations:lt(o.max_eval) & found.g:abs():max():gt(o.tolerance_grad)
  return {
    x = nn.where(go, c.x + found.t:cast(c.x.dtype) * d, c.x), f = found.f, g = found.g, n = n, evaluations = evaluations, go = go & more & moved,
  }
end

local function minimise(self, f, loss)
  local o = self.options
  local x, unravel = nn.ravel(nn.values(self.parameters))
  local function at(y)
    local _, l, g = nn.functional_call(self.parameters, unravel(y), function()
      local l = core.without_draws(what, f)
      return l, nn.grad(l, self.parameters)
    end)
    return l:cast("f64"), (nn.ravel(g))
  end
  local lr = core.rate(self, {}, self.t:cast(core.scalar()))
  lr = core.is_tensor(lr) and lr:cast("f64") or lr
  local g = nn.ravel(nn.grad(loss, self.parameters))
  local first = { x = x, f = loss:cast("f64"), g = g, n = 0, evaluations = 1, go = g:abs():max():gt(o.tolerance_grad) }
  local last = nn.while_loop(function(c) return c.go end, function(c) return iterate(self, at, lr, c) end, first)
  for i, value in ipairs(unravel(last.x)) do nn.assign(self.parameters[i], value) end
end

-- What nn.train would do to gradients: the search compares slopes and values of one function.
local function check(_, options)
  for name in pairs(options) do core.fail("layer_input", what, "gradients as they are", name) end
end

-- Calls f where it stands and, in the loops, wherever the search looks.
local function step(self, f)
  if type(f) ~= "function" then core.fail("function_wanted", what .. ":step", "its argument", core.what(f)) end
  local results = table.pack(core.without_draws(what, f))
  core.check_loss(self, results[1])
  core.at(self, minimise, self, f, results[1])
  return table.unpack(results, 1, results.n)
end

local function update() core.fail("layer_input", what, "a loss, by opt:step(f)", "gradients") end

local function make_states(self)
  local n, m, dtype = nn.numel(self.parameters), self.options.history_size, self.parameters[1].dtype
  local states = {}
  local function add(name, shape, init, type_of)
    local state = nn.buffer(shape, init, type_of or dtype)
    states[#states + 1] = { name, state }
    return state
  end
  self.t, self.stored = add("step", {}, 0, "i32"), add("stored", {}, 0, "i32")
  self.old_stps, self.old_dirs, self.ro = add("old_stps", { m + 1, n }, 0), add("old_dirs", { m + 1, n }, 0), add("ro", { m + 1 }, 0)
  self.d, self.prev_flat_grad, self.H_diag = add("d", { n }, 0), add("prev_flat_grad", { n }, 0), add("H_diag", {}, 1)
  self.length = add("t", {}, 0, "f64")
  return states
end

local function check_options(options)
  local o = { c1 = 1e-4, c2 = 0.9, max_ls = 25 }
  o.max_iter = core.count(what, "max_iter", options.max_iter or 20)
  o.max_eval = core.count(what, "max_eval", options.max_eval or o.max_iter * 5 // 4)
  o.history_size = core.count(what, "history_size", options.history_size or 100)
  o.tolerance_grad = core.range(what, "tolerance_grad", options.tolerance_grad or 1e-7, 0, math.huge, "at least 0")
  o.tolerance_change = core.range(what, "tolerance_change", options.tolerance_change or 1e-9, 0, math.huge, "at least 0")
  if options.line_search_fn ~= nil and options.line_search_fn ~= "strong_wolfe" then core.fail("mode_unknown", what .. "'s line_search_fn", options.line_search_fn) end
  return o
end

---@class nn.LBFGSOptions: nn.OptimizerOptions
---@field lr? nn.Rate `1`: the first length that a search tries
---@field max_iter? integer `20` iterations a step
---@field max_eval? integer `max_iter * 5 // 4` evaluations a step
---@field tolerance_grad? number `1e-7`: the largest element of the gradient at which it stops
---@field tolerance_change? number `1e-9`: of parameters and loss
---@field history_size? integer `100` pairs
---@field line_search_fn? "strong_wolfe" `"strong_wolfe"`, the only one (PyTorch's default is none)

--- The limited-memory quasi-Newton method (Nocedal 1980) for losses of all data, without noise: opt:step(f) runs up to max_iter iterations, each with a line
--- search for the strong Wolfe conditions with c1 = 1e-4, c2 = 0.9 (Nocedal and Wright 2006, algorithms 3.5 and 3.6); it returns what f gave before the first.
--- f is called in loops: it hands out tensors by returning them alone, and a draw in it (dropout) is an error, since each call would see another loss. All parameters
--- have one dtype. It takes no groups, no clipping and no opt:update.
---@param options nn.LBFGSOptions
---@return nn.Optimizer
function nn.LBFGS(options)
  options = core.fields(what, options, {
    lr = "any", max_iter = "number", max_eval = "number", tolerance_grad = "number", tolerance_change = "number", history_size = "number", line_search_fn = "string",
  }, math.huge)
  local self = { kind = what, options = check_options(options), check = check, step = step, update = update, lr = options.lr or 1 }
  core.check_rate(what, self.lr)
  local trees = table.pack(table.unpack(options))
  trees.n = nil
  core.check_trees(what, trees)
  self.parameters = nn.parameters(trees)
  if #self.parameters == 0 then core.fail("optimizer_empty", what) end
  core.object(self, what)
  core.own("optimizer", core.at(self, make_states, self))
  self.owner = core.owners[#core.owners]
  self.owner.parameters = self.parameters
  return self
end
