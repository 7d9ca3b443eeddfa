-- cases.lua: for trap.sh: values that must stop a trapped program, and values that must not; -D which=NAME chooses one.
-- Weights are 1, so that what goes in and what comes out are known without running anything.
local nn = require "nn"
local which, dtype = nn.arg("which", "log"), nn.arg("dtype", "f32")
local w = nn.parameter({ 4 }, 1, dtype)
local level = nn.hyper("level", 2.0):cast(dtype)
local cases = {}

-- 1 - 2 t at step t is -1 in the second step: its logarithm is the first NaN
function cases.log(t) return (nn.value(w) - (t - 1) * level):log() end

-- 1000 overflows exp, in every dtype
function cases.overflow() return (nn.value(w) * 1000):exp() end

-- 2.5, 1.5, 0.5, -0.5: the third turn is bad
function cases.scan()
  return (nn.scan(function(c)
    local next = c - level / 2
    return next:sqrt() * next, next
  end, nn.value(w) * 2, nil, { length = 4 }))
end

function cases.loop()
  local out = nn.while_loop(function(s) return s.i:lt(6) end, function(s)
    return { i = s.i + 1, x = (s.x - level / 2):log() }
  end, { i = 0, x = nn.value(w) * 3 })
  return out.x
end

function cases.branch()
  return (nn.cond(level:gt(1), function()
    return (nn.value(w) - 1) / (nn.value(w) - level / 2)
  end, function() return nn.value(w) * 1 end))
end

-- a row of which everything is masked: -inf less -inf
local function attend(masked) return nn.where(nn.iota(4):lt(masked), -math.huge, nn.value(w)):softmax(1) end
function cases.all_masked() return attend(level * 2) end

-- ---- and these are good ----
function cases.masked() return attend(level) end
function cases.asked_for() return nn.where(nn.iota(4):lt(level), -math.huge, nn.value(w)) end
function cases.saturated() return 1 / (1 + (nn.value(w) * 1000):exp()) end
function cases.unused() return nn.where(nn.value(w):gt(5), (nn.value(w) - 2):log(), nn.value(w)) end
function cases.pooled() return nn.max_pool1d(nn.value(w):reshape { 1, 1, 4 }, 3, { padding = 1 }):reshape { -1 } end

local steps = nn.buffer({}, 0, dtype)
local train = nn.func { mode = "train", function()
  nn.assign(steps, steps + 1)
  return { loss = cases[which](nn.value(steps)):sum() }
end }
return nn.program { name = "cases", model = { w = w }, train = train, steps = 4 }
