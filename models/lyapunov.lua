-- lyapunov.lua: the finite-time Lyapunov exponent of training, (1/T) ln(|difference at T| / |difference at 0|), from a twin that
-- starts a little beside and sees the same noise. On a convex bowl with SGD it tends to the largest ln |1 - lr * lambda|: below
-- 0 as long as lr < 2 / largest lambda, and above from there on.
local nn = require "nn"
local curvatures = nn.constant { 1.0, 2.0, 4.0 }
local lr, apart = nn.hyper("lr", 0.45, { min = 0, help = "learning rate; 2 / lambda is 0.5" }), 1e-3

local x = nn.parameter({ 3 }, 1)
local optimizer = nn.SGD { x, lr = lr }
local states = nn.states { x, optimizer }
local twins = {}
for i, s in ipairs(states) do
  twins[i] = nn.buffer(s.shape, s.dtype == "i32" and 0 or 1 + apart, s.dtype)
end

local function step()
  optimizer:step(function()
    return 0.5 * (curvatures * x ^ 2):sum() + 0.1 * (x * nn.random.normal { 3 }):sum()
  end)
end

local train = nn.func { mode = "train", function()
  local key = optimizer.t:cast("i32")
  local moved = nn.with({ key = key }, function() return (nn.functional_call(states, nn.values(twins), step)) end)
  nn.with({ key = key }, step)
  local T, distance = nn.value(optimizer.t), 0
  for i, twin in ipairs(twins) do
    nn.assign(twin, moved[i])
    if twin.rank == 1 then distance = (twin - x):norm() end
  end
  local first = apart * math.sqrt(3)
  return { exponent = (distance / first):log() / T, limit = ((1 - lr * curvatures):abs():log()):max() }
end }

return nn.program { name = "lyapunov", model = { x = x }, state = twins, train = train, run = { steps = 100, step = train } }

-- Reaches: (f64, no data) after 100 steps -0.2286 at lr = 0.45 (limit ln 0.8 = -0.2231), 0.0715 at 0.52 (limit ln
-- 1.08 = 0.0770).
