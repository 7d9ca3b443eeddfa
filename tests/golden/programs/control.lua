-- control.lua: loops and branches of a step: a recurrence that is differentiated, one loop in another, a loop with a test, a branch. For
-- program_text.sh.
local nn = require "nn"
local w = nn.parameter({ 6, 6 }, nn.init.normal(0, 0.3))
local best = nn.buffer({}, 0)
local turns = 5

local function step()
  local xs = nn.random.normal { turns, 4, 6 }
  local last, rows = nn.scan(function(h, x)
    local deeper = nn.scan(function(c, _) return (c * 0.5 + x):tanh(), c end, h, nil, { length = 3 })
    local next = (deeper:matmul(w) + x):tanh()
    return next, next:sum(-1)
  end, nn.zeros { 4, 6 }, xs)
  local loss = (last * last):mean() + rows:mean()
  local halved = nn.while_loop(function(v) return v:gt(0.01) end, function(v) return v * 0.5 end, loss * loss + 1)
  local gradient = nn.grad(loss, { w })[1]
  nn.assign(w, w - 0.1 * gradient)
  local chosen = nn.cond(loss:gt(0), function() return loss * 2 end, function() return loss - 1 end)
  nn.assign(best, nn.minimum(best, chosen))
  return { loss = loss, halved = halved, chosen = chosen }
end

local train = nn.func { step }
return nn.program { name = "control", model = { w = w, best = best }, train = train, run = { steps = 3, step = train } }
