-- game.lua: two players of f(x, y) = x y: one goes down, the other up. Simultaneous descent with rate r circles outward,
-- by sqrt(1 + r^2) a step; with their common norm or their values clipped outward at a bounded speed; clipped by the players' own
-- norms (Brock et al. 2021) not outward, since a player near 0 hardly moves; with a penalty on the gradient's norm (consensus optimisation, Mescheder et al. 2017) inward. The penalty
-- is a gradient of gradients.
local nn = require "nn"
local r, clip, penalty = 0.1, 0.5, 1.0

local function players()
  local x, y = nn.parameter({}, 1), nn.parameter({}, 0)
  return { x = x, y = y, down = nn.SGD { x, lr = r }, up = nn.SGD { y, lr = r } }
end
local plain, clipped, bounded, adaptive, agreed = players(), players(), players(), players(), players()

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
  local common = nn.clip_grad_norm({ gradients(clipped) }, clip)
  local each = nn.clip_grad_value({ gradients(bounded) }, clip)
  local own = nn.clip_grad_adaptive({ gradients(adaptive) }, { adaptive.x, adaptive.y }, clip)
  local gx, gy = gradients(agreed)
  local disagreement = penalty / 2 * (gx ^ 2 + gy ^ 2)
  return { plain = radius, clipped = move(clipped, common[1], common[2]), bounded = move(bounded, each[1], each[2]),
           adaptive = move(adaptive, own[1], own[2]),
           agreed = move(agreed, gx + nn.grad(disagreement, agreed.x), gy + nn.grad(disagreement, agreed.y)) }
end }

local function values(p) return { x = p.x, y = p.y } end
return nn.program {
  name = "game", train = train, run = { steps = 200, step = train },
  model = { plain = values(plain), clipped = values(clipped), bounded = values(bounded), adaptive = values(adaptive), agreed = values(agreed) },
}

-- Reaches: (f64, no data) radii after 200 steps: 2.7048 = 1.01^100; clipped by norm 1.2247 = sqrt(1 + 200 * 0.05^2), by
-- value 1.3502, adaptively 0.9516; with the penalty 2.4e-9.
