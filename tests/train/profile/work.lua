-- What a profile has to tell apart: kernels that all threads share, one that the first alone runs, loops with a known and an unknown
-- number of turns, a function that is left to one thread, waits; and what a profile must leave alone: files that the run would write.
local nn = require "nn"
local B, T = 64, 5
local A, C = nn.parameter({ 256, 256 }, nn.init.normal(0, 0.05)), nn.parameter({ 256, 256 }, nn.init.normal(0, 0.05))
local turns, few = nn.buffer({}, 0, "i32"), nn.buffer({ 3 }, 0)

local function loss(b)
  local h = b.x:linear(A):tanh()                                          -- [B,256]
  local last = nn.scan(function(c) return c:linear(C):tanh() end, h, nn.zeros { T })
  return (last ^ 2):mean()
end
local function halve()                                                    -- 1, 2, 3, 1 … turns
  local n = nn.value(turns) % 3 + 1
  nn.assign(turns, n)
  local left = nn.while_loop(function(c) return c.n:gt(0) end, function(c) return { n = c.n - 1, x = c.x * 0.5 } end, { n = n, x = nn.value(few) + 1 })
  nn.assign(few, left.x)
  return { x = left.x:sum() }
end

local train = nn.train { on = "data", loss = loss, optimizer = nn.Adam { { A, C }, lr = 1e-3 } }
local small = nn.func { halve }
local rows = nn.func { on = "data", function(b) return { mean = b.x:mean() } end }
return nn.program {
  name = "work", model = { A = A, C = C }, state = { turns = turns, few = few },
  data = { data = nn.data.random { x = { 256 }, batch = B, rows = 8 * B } },
  train = train, small = small, rows = rows, checkpoint = { every = 1 },
  run = { steps = 40, step = { train, { small, write = { x = "x.npy" } }, nn.save { "A.safetensors" } }, after = rows },
}
