-- newton.lua: Newton's method with half steps on an ill-conditioned quadratic: every mode is halved at each step, while under
-- gradient descent the slowest of condition 10^4 does not move. The Hessian's rows are products with unit vectors,
-- d(g . v)/dx, one turn of nn.vmap each; the solve is Gauss-Jordan elimination, one turn of nn.scan a column.
local nn = require "nn"
local n = 5
local curvatures = nn.constant { 1.0, 10.0, 100.0, 1000.0, 10000.0 }

local ones = nn.ones { n, 1 }
local Q = nn.eye(n) - 2 / n * ones:matmul(ones:transpose(1, 2))                   -- Householder: symmetric, orthogonal

local function modes(x) return Q:matmul(x - 1) end                                -- the minimum is at 1, …, 1
local function loss(x) return 0.5 * (curvatures * modes(x) ^ 2):sum() end

local function hessian(x)
  local g = nn.grad(loss(x), x)
  return nn.vmap(function(v)
    return nn.grad(nn.grad(loss(x), x):matmul(v), x)
  end, nn.eye(n)), g
end

-- A^-1 b of a positive definite A [n,n]: column k becomes a unit vector in turn k.
local function solve(A, b)
  local all = nn.scan(function(rows, k)
    local here = nn.iota(n):eq(k):reshape { n, 1 }
    local pivot = rows:gather(1, k:reshape { 1 })                                  -- [1,n+1]
    pivot = pivot / pivot:gather(2, k:reshape { 1 })
    local column = rows:gather(2, k:reshape { 1 })                                 -- [n,1]
    return nn.where(here, pivot, rows - column * pivot)
  end, nn.concat({ A, b:reshape { n, 1 } }, 2), nil, { length = n })
  return all:select(2, n + 1)
end

local newton, plain = nn.parameter { n }, nn.parameter { n }
local optimizer, descent = nn.SGD { newton, lr = 0.5 }, nn.SGD { plain, lr = 1 / 10000 }

local train = nn.func { mode = "train", function()
  local before = modes(newton)
  local H, g = hessian(newton)
  optimizer:update { solve(H, g) }
  local decay = modes(newton) / before
  local slow = modes(plain)
  descent:step(function() return loss(plain) end)
  return { loss = loss(newton), fastest = decay:min(), slowest = decay:max(), descent = (modes(plain) / slow):max() }
end }

return nn.program { name = "newton", model = { newton = newton, plain = plain }, train = train, run = { steps = 10, step = train } }

-- Reaches: (f64, no data) every mode is multiplied by 0.5 to 1e-12 at each step; the slowest under gradient descent
-- by 0.9999.
