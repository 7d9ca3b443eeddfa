-- Loops and branches whose results are known: the numbers behind tests/train/control.sh.
local nn = require "nn"
local count, total = nn.buffer({}, 0, "i32"), nn.buffer({}, 0)
local cache = nn.buffer({ 6, 2 }, 0)
local weight = nn.parameter({ 4, 4 }, function(shape) return nn.random.normal(shape) * 0.5 end)

-- Newton's square root of 1 … 8, until no element moves by more than 1e-6: the number of turns is found at run time.
local function root(x)
  local last = nn.while_loop(function(c) return c.moved:gt(1e-6) & c.turns:lt(100) end, function(c)
    local next = 0.5 * (c.root + x / c.root)
    return { root = next, moved = (next - c.root):abs():max(), turns = c.turns + 1 }
  end, { root = x, moved = nn.full({}, 1.0), turns = 0 })
  return last.root
end

local known = nn.func { function()
  -- Fibonacci by two carries that change places
  local pair = nn.scan(function(c) return { a = c.b, b = c.a + c.b } end, { a = 0, b = 1 }, nil, { length = 40 })
  -- the sum over i < 5 of i * (sum over j <= i of j), by a loop with a branch in a loop
  local triangle = nn.scan(function(sum, i)
    local inner = nn.scan(function(s, j) return nn.cond(j:le(i), function() return s + j end, function() return s end) end, 0, nil, { length = 5 })
    return sum + i * inner
  end, 0, nil, { length = 5 })
  -- Horner's rule from the last coefficient to the first: 1 + 2x + 3x^2 + 4x^3 at 2
  local horner = nn.scan(function(y, c) return y * 2 + c end, 0.0, nn.constant { 1.0, 2.0, 3.0, 4.0 }, { reverse = true })
  -- states that a body assigns: 7 turns, every second one counted
  nn.scan(function(_, i)
    nn.assign(total, total + i:cast("f32"))
    nn.cond((i % 2):eq(0), function() nn.assign(count, count + 1) end)
  end, nil, nil, { length = 7 })
  -- a ring of rows written one by one
  nn.scan(function(_, i)
    nn.assign(cache, cache:scatter(1, (i % 6):reshape { 1 }, nn.stack({ i, i * i }, 1):cast("f32"):reshape { 1, 2 }, "set"))
  end, nil, nil, { length = 8 })
  local x = nn.iota(8):cast("f32") + 1
  return { fibonacci = pair.a, triangle = triangle, horner = horner, count = nn.value(count), total = nn.value(total),
           cache = (cache * nn.constant { { 1.0, 10.0 } }):sum(), root = (root(x) ^ 2 - x):abs():max(),
           squares = nn.vmap(function(v) return v * v end, x):sum() }
end }

-- The gradient through a scan with checkpoints, with segments and without: one value.
local function net(h, _) return h:matmul(weight):tanh() + h * 0.1 end
local gradients = nn.func { function()
  local start = nn.ones { 3, 4 }
  local function norm(options, f)
    local last = nn.scan(f or net, start, nil, options)
    return (nn.grad((last ^ 2):sum(), weight) ^ 2):sum()
  end
  local plain = norm { length = 12 }
  local segments = norm { length = 12, checkpoint = 3 }
  local each = norm({ length = 12 }, function(h, t) return nn.checkpoint(net, h, t) end)
  local held = start
  for _ = 1, 12 do held = net(held) end
  local unrolled = (nn.grad((held ^ 2):sum(), weight) ^ 2):sum()
  return { plain = plain, segments = segments / plain, each = each / plain, unrolled = unrolled / plain }
end }

-- Draws differ from turn to turn and from row to row, and are what they were under the same key.
local draws = nn.func { function()
  local _, rows = nn.scan(function() return nil, nn.random.uniform { 64 } end, nil, nil, { length = 5 })
  local again = nn.with({ key = 7 }, function() return nn.random.uniform { 64 } end)
  local once_more = nn.with({ key = 7 }, function() return nn.random.uniform { 64 } end)
  local nearest = 1.0
  for i = 1, 5 do
    for k = 1, i - 1 do nearest = nn.minimum(nearest, (rows[i] - rows[k]):abs():max()) end
  end
  return { mean = rows:mean(), nearest = nearest, same = (again - once_more):abs():max() }
end }

return nn.program { name = "loops", model = { weight = weight }, state = { count = count, total = total, cache = cache },
                    known = known, gradients = gradients, draws = draws,
                    run = { steps = 2, step = { known, gradients, draws } } }
