-- quadratic.lua: gradient descent on the convex quadratic 1/2 x'Hx + b'x. In the eigenvectors of H an error is multiplied by
-- 1 - lr * lambda at each step, so that all fade for lr < 2 / largest lambda and one grows beyond it.
local nn = require "nn"

local H, b = nn.constant { { 4.0, 1.0 }, { 1.0, 2.0 } }, nn.constant { 1.0, -2.0 }
local solution = nn.constant { -4 / 7, 9 / 7 }                                     -- -H^-1 b
local smallest, largest = 3 - math.sqrt(2), 3 + math.sqrt(2)                       -- of H's eigenvalues

local function loss(x) return 0.5 * x:matmul(H:matmul(x)) + b:matmul(x) end

local rates = { below = 0.99 * 2 / largest, best = 2 / (smallest + largest), above = 1.01 * 2 / largest }
local points, optimizers = {}, {}
for name, rate in pairs(rates) do
  points[name] = nn.parameter { 2 }
  optimizers[name] = nn.SGD { points[name], lr = rate }
end

-- The distances from the solution after the step
local train = nn.func { mode = "train", function()
  local distances = {}
  for name, x in pairs(points) do
    optimizers[name]:step(function() return loss(x) end)
    distances[name] = (x - solution):norm()
  end
  return distances
end }

return nn.program { name = "quadratic", model = points, train = train, run = { steps = 400, step = train } }

-- Reaches: (f64, no data) distances of 1.11e-5 below the bound, the first mode's 0.0359 * 0.98^400, of 98.9 above it
-- and of 2e-16 at the best rate.
