-- game.lua: two players of f(x, y) = x y: one goes down, the other up. Simultaneous descent with rate r circles outward,
-- by sqrt(1 + r^2) a step; with a clipped gradient outward at a bounded speed; with a penalty on the gradient's
-- norm (consensus optimisation, Mescheder et al. 2017) inward. The penalty is a gradient of gradients.
local nn = require "nn"
local r, clip, penalty = 0.1, 0.5, 1.0

local function players()
  local x, y = nn.parameter({}, 1), nn.parameter({}, 0)
  return { x = x, y = y, down = nn.SGD { x, lr = r }, up = nn.SGD { y, lr = r } }
end
local plain, clipped, agreed = players(), players(), players()

local function gradients(p)
  local f = p.x * p.y
  return nn.grad(f, p.x), -nn.grad(f, p.y)
end

local function move(p, gx, gy)
  p.down:update { gx }
  p.up:update { gy }
  return (p.x ^ 2 + p.y ^ 2):sqrt()
end

local train = nn.func { mode = "train", function()
  local radius = move(plain, gradients(plain))
  local both = nn.clip_grad_norm({ gradients(clipped) }, clip)
  local cx, cy = both[1], both[2]
  local gx, gy = gradients(agreed)
  local disagreement = penalty / 2 * (gx ^ 2 + gy ^ 2)
  return { plain = radius, clipped = move(clipped, cx, cy),
           agreed = move(agreed, gx + nn.grad(disagreement, agreed.x), gy + nn.grad(disagreement, agreed.y)) }
end }

local function values(p) return { x = p.x, y = p.y } end
return nn.program {
  name = "game", model = { plain = values(plain), clipped = values(clipped), agreed = values(agreed) },
  train = train, run = { steps = 200, step = train },
}

-- Reaches: (f64, no data) radii after 200 steps: 2.7048 = 1.01^100, clipped 1.2247 = sqrt(1 + 200 * 0.05^2), with
-- the penalty 2.4e-9.
