-- adaptive_ode.lua: a neural ODE's solver that chooses its steps: Bogacki and Shampine's pair of orders 3 and 2 (1989) in
-- a while_loop, the adjoint (Chen et al. 2018) by the same solver, so memory depends neither on tolerance nor on steps.
-- z' = theta J z turns z by the angle theta T: value, gradient and the number of steps are known.
local nn = require "nn"
local T, theta, z0 = 3.0, nn.parameter({}, 1.7), nn.constant { 1.0, 0.5 }

-- The state s (a table of tensors) after the time T; slope(s) is a table like it. Returns it and the number of accepted
-- steps. A step's error is the largest of |order 3 - order 2|; steps of more than the tolerance are done again.
local function solve(s, slope, tolerance)
  local function moved(by)
    return function(a, ...)
      for i, k in ipairs { ... } do
        if by[i] ~= 0 then a = a + by[i] * k end
      end
      return a
    end
  end
  local function step(c)
    local h = nn.minimum(c.h, T - c.t)
    local k1 = slope(c.s)
    local k2 = slope(nn.map(moved { h / 2 }, c.s, k1))
    local k3 = slope(nn.map(moved { 0, 3 / 4 * h }, c.s, k1, k2))
    local y = nn.map(moved { 2 / 9 * h, 1 / 3 * h, 4 / 9 * h }, c.s, k1, k2, k3)
    local k4 = slope(y)
    local off = nn.map(function(p, q, r, t) return h * (-5 / 72 * p + 1 / 12 * q + 1 / 9 * r - 1 / 8 * t) end, k1, k2, k3, k4)
    local error = nn.ravel(off):abs():max()
    local good = error:le(tolerance)
    local factor = nn.minimum(5, nn.maximum(0.2, 0.9 * (tolerance / nn.maximum(error, 1e-30)) ^ (1 / 3)))
    return { s = nn.map(function(a, b) return nn.where(good, b, a) end, c.s, y), t = nn.where(good, c.t + h, c.t), h = h * factor,
             n = c.n + good:cast "i32" }
  end
  local last = nn.while_loop(function(c) return c.t:lt(T) end, step, { s = s, t = 0.0, h = 0.1, n = 0 })
  return last.s, last.n
end

local function field(z, rate) return rate * nn.stack({ -z:select(1, 2), z:select(1, 1) }, 1) end

local function flow(tolerance)
  return nn.custom_gradient(
    function(z, rate)
      local last = solve({ z = z }, function(s) return { z = field(s.z, rate) } end, tolerance)
      return last.z, { z = last.z, rate = rate }
    end,
    function(kept, dz)
      local function slope(s)
        local z = nn.stop_gradient(s.z)
        local y = field(z, kept.rate)
        local back = nn.grad(y, { z = z, rate = kept.rate }, { cotangent = s.a })
        return { z = -y, a = back.z, g = back.rate }
      end
      local first = solve({ z = kept.z, a = dz, g = 0.0 }, slope, tolerance)
      return first.a, first.g
    end)
end

local function check(tolerance)
  return nn.func { function()
    local rate = nn.value(theta)
    local last, steps = solve({ z = z0 }, function(s) return { z = field(s.z, rate) } end, tolerance)
    local c, s = (rate * T):cos(), (rate * T):sin()
    local exact = nn.stack({ c * z0[1] - s * z0[2], s * z0[1] + c * z0[2] }, 1)
    local y = flow(tolerance)(z0, rate)
    return { error = (last.z - exact):norm(), steps = steps, slope = (nn.grad(y[1], rate) + T * exact[2]):abs() }
  end }
end

-- Learns the angle: the end is where 2.0 leads to.
local train = nn.train { optimizer = nn.Adam { theta, lr = 0.02 }, loss = function()
  local goal = nn.constant { math.cos(2 * T) - 0.5 * math.sin(2 * T), math.sin(2 * T) + 0.5 * math.cos(2 * T) }
  return nn.mse_loss(flow(1e-6)(z0, nn.value(theta)), goal)
end }
local found = nn.func { function() return { angle = nn.value(theta) } end }

return nn.program {
  name = "adaptive_ode", model = { theta = theta }, coarse = check(1e-4), fine = check(1e-7), train = train, found = found,
  run = { { steps = 1, step = { "coarse", "fine" } }, { steps = 200, step = train, after = found } },
}

-- Reaches: (f64, no data) errors of 8.3e-4 in 34 steps and 8.4e-7 in 336 (tolerances 1e-4 and 1e-7; order 3: 10 times the
-- steps for 1000 times the tolerance); the angle's rate 2.0000 after 200 steps of Adam.
