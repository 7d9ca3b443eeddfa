-- burgers.lua: a physics-informed net (Raissi et al. 2019) for u_t + u u_x = nu u_xx on [-1, 1], u(x, 0) = -sin(pi x), u = 0 at the
-- ends: a shock stands at x = 0 from t = 1 / pi on, 150 times as steep as the start for nu = 0.01 / pi. u = -sin(pi x) + t (1 - x^2)
-- (net(x, t) - net(-x, t)) holds start and ends and is odd as the solution is; half of the places lie near the shock. The
-- loss is the residual alone: Adam on new places in every step, then L-BFGS on places drawn anew for each call.
local nn = require "nn"
local nu = nn.arg("viscosity", 0.01) / math.pi
local n, width = nn.arg("places", 2048), 20

local net = nn.Sequential {
  nn.Linear(2, width), nn.Tanh(), nn.Linear(width, width), nn.Tanh(), nn.Linear(width, width), nn.Tanh(),
  nn.Linear(width, width), nn.Tanh(), nn.Linear(width, 1),
}
local adam = nn.Adam { net, lr = nn.cosine(nn.hyper("lr", 5e-3), { warmup = 50, steps = 2000 }) }
local lbfgs = nn.LBFGS { net, max_iter = 100, max_eval = 200, history_size = 50 }
local places, times = nn.buffer { n }, nn.buffer { n }

local function u(x, t)                                                             -- [n], [n] -> [n]
  local function at(x) return net(nn.stack({ x, 2 * t - 1 }, 2)):reshape { -1 } end
  return t * (1 - x * x) * (at(x) - at(-x)) - (math.pi * x):sin()
end

local function residual(x, t)
  local y = u(x, t)
  local d = nn.grad(y:sum(), { x = x, t = t })
  return ((d.t + y * d.x - nu * nn.grad(d.x:sum(), x)) ^ 2):mean()
end

local function draw(n)                                                             -- every second place by the cube of a uniform number
  local s = nn.random.uniform { n } * 2 - 1
  return nn.where((nn.iota(n) % 2):eq(0), s, s ^ 3), nn.random.uniform { n }
end

local train = nn.train { optimizer = adam, loss = function() return residual(draw(512)) end }
local polish = nn.func { function()
  local x, t = draw(n)
  nn.assign(places, x)
  nn.assign(times, t)
  return { loss = lbfgs:step(function() return residual(nn.value(places), nn.value(times)) end) }
end }

-- The solution of Cole (1951) and Hopf (1950): u(x, t) = -E sin(pi y) weighted by exp(-cos(pi y) / (2 pi nu)), y normal around x with
-- variance 2 nu t, by the trapezoidal rule (whose error is below rounding here).
local function exact(x, t)                                                         -- f64 [n], [n] -> [n]
  local z = (nn.iota(601):cast "f64" / 300 - 1) * 16
  local y = math.pi * (x:reshape { -1, 1 } - (4 * nu * t):sqrt():reshape { -1, 1 } * z)
  local weight = nn.softmax(-y:cos() / (2 * math.pi * nu) - z * z, 2)
  return -(weight * y:sin()):sum(2)
end

-- The relative L2 error on a grid
local check = nn.func { function()
  local x, t = (nn.iota(1024) % 64 + 0.5) / 32 - 1, (nn.iota(1024) // 64 + 1) / 16
  local wanted = exact(x:cast "f64", t:cast "f64")
  return { error = (u(x, t) - wanted):norm() / wanted:norm() }
end }

-- The slope of the exact solution at the shock; for nu = 0.01 / pi it is steepest, -152.00516, at t = 1.6037 / pi (Basdevant et al. 1986)
local shock = nn.func { function()
  local x = nn.zeros({ 1 }, "f64")
  return { slope = nn.grad(exact(x, nn.constant({ 1.6037 / math.pi }, "f64")):sum(), x):sum() }
end }

return nn.program {
  name = "burgers", model = net, train = train, polish = polish, check = check, shock = shock,
  run = { { before = shock, steps = nn.hyper("steps_of_adam", 2000), step = train, after = check },
          { steps = nn.hyper("steps_of_lbfgs", 120), step = { polish, { check, every = 10 } } } },
}

-- Reaches: (f64, no data) relative L2 errors of 0.10 after Adam, 8.3e-3 after 20 calls of L-BFGS and 9.1e-4 after 120 (two and a half
-- minutes); viscosity 0.1 / pi with 512 places: (f32) 1.9e-4 after 300 steps of Adam and 10 calls (2 s).
