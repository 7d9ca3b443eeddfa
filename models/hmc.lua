-- hmc.lua: Hamiltonian Monte Carlo on a correlated Gaussian, C chains side by side
local nn = require "nn"
local C, L, epsilon = 4, 20, nn.hyper("epsilon", 0.1)
local precision = nn.constant { { 2.0, 0.6 }, { 0.6, 1.0 } }
local q = nn.parameter({ C, 2 }, function(shape) return nn.random.normal(shape) end)
local n, mean, second = nn.buffer({}, 0), nn.buffer({ 2 }, 0), nn.buffer({ 2, 2 }, 0)

local function U(x) return 0.5 * (x * x:matmul(precision)):sum(2) end               -- [C]
local function H(s) return U(s.q) + 0.5 * (s.p ^ 2):sum(2) end
local function force(x) return -nn.grad(U(x):sum(), x) end
local function leapfrog(s)
  local p = s.p + epsilon / 2 * force(s.q)
  local x = s.q + epsilon * p
  return { q = x, p = p + epsilon / 2 * force(x) }
end

local function transition()
  local start = { q = nn.value(q), p = nn.random.normal(q.shape) }
  local stop = nn.scan(leapfrog, start, nil, { length = L })
  local dH = H(stop) - H(start)
  local accept = nn.random.uniform { C }:lt((-dH):exp())
  nn.assign(q, nn.where(accept:reshape { C, 1 }, stop.q, start.q))
  return { accepted = accept:mean(), error = dH:abs():mean(), q = nn.value(q) }
end
local burn_in = nn.func { transition }
local sample = nn.func { function()
  local out = transition()
  nn.assign(n, n + 1)
  nn.assign(mean, mean + (q:mean(1) - mean) / n)              -- q and n are the new ones here
  nn.assign(second, second + (q:transpose(1, 2):matmul(q) / C - second) / n)
  return out
end }

return nn.program {
  name = "hmc", model = { q = q }, state = { n = n, mean = mean, second = second },
  burn_in = burn_in, sample = sample,
  run = { { steps = 1000, step = burn_in }, { steps = 10000, step = { sample, write = { q = "q.npy" } } } },
}
