-- optimizers.lua: the optimizers beyond SGD and Adam, each a row for core.optimizer (optim.lua). What PyTorch computes as
-- Python floats (corrections that depend on the step alone) is computed here in f64, once a step.
local nn, core = ...
local rules = core.rules

local function decayed(o, g, p) return o.weight_decay ~= 0 and g + o.weight_decay * p or g end

-- The number of this step, from 1, as f64
local function step_number(count) return (count + 1):cast("f64") end

local function power(base, exponent) return (exponent * math.log(base)):exp() end

local function narrow(x) return core.is_tensor(x) and x:cast(core.scalar()) or x end

-- The two running means of Adam, by torch's lerp
local function means(o, g, m)
  local m1 = m.exp_avg + (g - m.exp_avg) * (1 - o.betas[1])
  return m1, m.exp_avg_sq * o.betas[2] + g * g * (1 - o.betas[2])
end

-- ---- AdaGrad (Duchi et al. 2011) ----
core.optimizer("Adagrad", {
  lr = 1e-2,
  options = {
    lr_decay = rules.decay, weight_decay = rules.decay, initial_accumulator_value = rules.eps(0), eps = rules.eps(1e-10),
  },
  moments = function(o) return { { "sum", nil, o.initial_accumulator_value } } end,
  scalars = function(o, t, lr) return { negative = o.lr_decay == 0 and -lr or -lr / (1 + t * o.lr_decay) } end,
  update = function(o, s, g, p, m)
    g = decayed(o, g, p)
    local sum = m.sum + g * g
    return p + s.negative * g / (sum:sqrt() + o.eps), { sum = sum }
  end,
})

-- ---- RMSprop (Hinton 2012, lecture 6e; centered: Graves 2013) ----
core.optimizer("RMSprop", {
  lr = 1e-2,
  options = {
    alpha = rules.unit(0.99), eps = rules.eps(1e-8), weight_decay = rules.decay, momentum = rules.unit(0), centered = false,
  },
  moments = function(o)
    local moments = { { "square_avg" } }
    if o.centered then moments[#moments + 1] = { "grad_avg" } end
    if o.momentum ~= 0 then moments[#moments + 1] = { "momentum_buffer" } end
    return moments
  end,
  scalars = function(_, _, lr) return { negative = -lr } end,
  update = function(o, s, g, p, m)
    g = decayed(o, g, p)
    local square = m.square_avg * o.alpha + g * g * (1 - o.alpha)
    local moments, spread = { square_avg = square }, square
    if o.centered then
      local mean = m.grad_avg + (g - m.grad_avg) * (1 - o.alpha)
      moments.grad_avg, spread = mean, square - mean * mean
    end
    local move = g / (spread:sqrt() + o.eps)
    if o.momentum ~= 0 then
      move = m.momentum_buffer * o.momentum + move
      moments.momentum_buffer = move
    end
    return p + move * s.negative, moments
  end,
})

-- ---- Adadelta (Zeiler 2012) ----
core.optimizer("Adadelta", {
  lr = 1.0,
  options = { rho = rules.unit(0.9), eps = rules.eps(1e-6), weight_decay = rules.decay },
  moments = function() return { { "square_avg" }, { "acc_delta" } } end,
  scalars = function(_, _, lr) return { negative = -lr } end,
  update = function(o, s, g, p, m)
    g = decayed(o, g, p)
    local square = m.square_avg * o.rho + g * g * (1 - o.rho)
    local delta = (m.acc_delta + o.eps):sqrt() / (square + o.eps):sqrt() * g
    return p + delta * s.negative, { square_avg = square, acc_delta = m.acc_delta * o.rho + delta * delta * (1 - o.rho) }
  end,
})

-- ---- Adamax (Kingma and Ba 2015, section 7.1) ----
core.optimizer("Adamax", {
  lr = 2e-3,
  options = { betas = rules.betas(0.9, 0.999), eps = rules.eps(1e-8), weight_decay = rules.decay },
  moments = function() return { { "exp_avg" }, { "exp_inf" } } end,
  scalars = function(o, _, lr, count) return { negative = narrow(-lr / (1 - power(o.betas[1], step_number(count)))) } end,
  update = function(o, s, g, p, m)
    g = decayed(o, g, p)
    local mean = m.exp_avg + (g - m.exp_avg) * (1 - o.betas[1])
    local largest = nn.maximum(m.exp_inf * o.betas[2], g:abs() + o.eps)
    return p + s.negative * mean / largest, { exp_avg = mean, exp_inf = largest }
  end,
})

-- ---- NAdam (Dozat 2016) ----
core.optimizer("NAdam", {
  lr = 2e-3,
  options = {
    betas = rules.betas(0.9, 0.999), eps = rules.eps(1e-8), weight_decay = rules.decay, momentum_decay = rules.eps(4e-3),
    decoupled_weight_decay = false,
  },
  moments = function() return { { "exp_avg" }, { "exp_avg_sq" } } end,
  shared = { mu_product = 1.0 },
  scalars = function(o, _, lr, count)
    local step = step_number(count)
    local mu = o.betas[1] * (1 - 0.5 * power(0.96, step * o.momentum_decay))
    local mu_next = o.betas[1] * (1 - 0.5 * power(0.96, (step + 1) * o.momentum_decay))
    local product = o.mu_product * mu
    return {
      of_gradient = narrow(-lr * (1 - mu) / (1 - product)), of_mean = narrow(-lr * mu_next / (1 - product * mu_next)),
      correction = narrow(1 - power(o.betas[2], step)), decay = lr * o.weight_decay,
    }, { mu_product = product }
  end,
  update = function(o, s, g, p, m)
    local w = p
    if o.decoupled_weight_decay then w = core.shrunk(o, s, p) else g = decayed(o, g, p) end
    local mean, square = means(o, g, m)
    local spread = (square / s.correction):sqrt() + o.eps
    return w + s.of_gradient * g / spread + s.of_mean * mean / spread, { exp_avg = mean, exp_avg_sq = square }
  end,
})

-- ---- RAdam (Liu et al. 2020, algorithm 2): plain momentum until the variance of the adaptive rate is tractable ----
core.optimizer("RAdam", {
  lr = 1e-3,
  options = { betas = rules.betas(0.9, 0.999), eps = rules.eps(1e-8), weight_decay = rules.decay, decoupled_weight_decay = false },
  moments = function() return { { "exp_avg" }, { "exp_avg_sq" } } end,
  scalars = function(o, _, lr, count)
    local step, b2 = step_number(count), o.betas[2]
    local most, left = 2 / (1 - b2) - 1, power(b2, step)
    local rho = most - 2 * step * left / (1 - left)
    local tractable = rho:gt(5)
    local safe = nn.where(tractable, rho, 6.0)
    local rectified = ((safe - 4) * (safe - 2) * most / ((most - 4) * (most - 2) * safe)):sqrt() * (1 - left):sqrt()
    local negative = -lr / (1 - power(o.betas[1], step))
    return { adaptive = narrow(negative * rectified), plain = narrow(negative), tractable = tractable, decay = lr * o.weight_decay }
  end,
  update = function(o, s, g, p, m)
    local w = p
    if o.decoupled_weight_decay then w = core.shrunk(o, s, p) else g = decayed(o, g, p) end
    local mean, square = means(o, g, m)
    local move = nn.where(s.tractable, s.adaptive / (square:sqrt() + o.eps), s.plain)
    return w + mean * move, { exp_avg = mean, exp_avg_sq = square }
  end,
})

-- ---- Lion (Chen et al. 2023, algorithm 2) ----
core.optimizer("Lion", {
  lr = 1e-4,
  options = { betas = rules.betas(0.9, 0.99), weight_decay = rules.decay },
  moments = function() return { { "exp_avg" } } end,
  scalars = function(_, _, lr) return { negative = -lr } end,
  update = function(o, s, g, p, m)
    local b1, b2 = o.betas[1], o.betas[2]
    local move = (m.exp_avg * b1 + g * (1 - b1)):sign()
    if o.weight_decay ~= 0 then move = move + o.weight_decay * p end
    return p + move * s.negative, { exp_avg = m.exp_avg * b2 + g * (1 - b2) }
  end,
})

-- ---- LAMB (You et al. 2020, algorithm 2): Adam's step scaled so that each tensor moves in proportion to its norm ----
core.optimizer("LAMB", {
  lr = 1e-3,
  options = { betas = rules.betas(0.9, 0.999), eps = rules.eps(1e-6), weight_decay = rules.decay },
  moments = function() return { { "exp_avg" }, { "exp_avg_sq" } } end,
  scalars = function(o, _, lr, count)
    local step = step_number(count)
    return { negative = -lr, first = narrow(1 - power(o.betas[1], step)), second = narrow(1 - power(o.betas[2], step)) }
  end,
  update = function(o, s, g, p, m)
    local mean = m.exp_avg * o.betas[1] + g * (1 - o.betas[1])
    local square = m.exp_avg_sq * o.betas[2] + g * g * (1 - o.betas[2])
    local move = decayed(o, (mean / s.first) / ((square / s.second):sqrt() + o.eps), p)
    local size, length = p:norm(), move:norm()
    local trust = nn.where(size:gt(0) & length:gt(0), size / nn.where(length:gt(0), length, 1.0), 1.0)
    return p + move * (trust * s.negative), { exp_avg = mean, exp_avg_sq = square }
  end,
})

-- ---- Adafactor (Shazeer and Stern 2018, algorithm 6): second moments of matrices as a product of two vectors ----
local machine_epsilon = { f64 = 0x1p-52, f32 = 0x1p-23, f16 = 0x1p-10, bf16 = 0x1p-7 }

local function root_mean_square(x) return (x * x):mean():sqrt() end

core.optimizer("Adafactor", {
  lr = 1e-2,
  options = {
    beta2_decay = { -0.8, -math.huge, 0, "at most 0" }, eps = { { 0.0, 1e-3 }, 0, math.huge, "at least 0 (the first 0: the machine's)" },
    d = { 1.0, 1, math.huge, "at least 1" }, weight_decay = rules.decay,
  },
  moments = function(_, p)
    if p.rank < 2 then return { { "variance" } } end
    local row, column = p.shape, p.shape
    row[p.rank], column[p.rank - 1] = 1, 1
    return { { "row_var", row }, { "col_var", column } }
  end,
  scalars = function(o, _, lr, count)
    local step = step_number(count)
    return {
      move = narrow((step:log() * o.beta2_decay):exp()), rate = narrow(nn.minimum(lr, 1 / step:sqrt())), decay = lr * o.weight_decay,
    }
  end,
  update = function(o, s, g, p, m)
    local least = o.eps[1] > 0 and o.eps[1] or machine_epsilon[p.dtype]
    local alpha = nn.maximum(root_mean_square(p), o.eps[2]) * s.rate
    local w, moments, estimate = core.shrunk(o, s, p), nil, nil
    local square = g * g
    if p.rank < 2 then
      estimate = m.variance + (square - m.variance) * s.move
      moments = { variance = estimate }
    else
      local row = m.row_var + (square:mean(-1, true) - m.row_var) * s.move
      local column = m.col_var + (square:mean(-2, true) - m.col_var) * s.move
      estimate = row * column / nn.maximum(row:mean(-2, true), least)
      moments = { row_var = row, col_var = column }
    end
    local move = g * nn.maximum(estimate, least * least):rsqrt()
    return w - move * (alpha / nn.maximum(root_mean_square(move) / o.d, 1)), moments
  end,
})

-- ---- Muon (Jordan et al. 2024): momentum of matrices made nearly orthogonal; other parameters by AdamW ----

--- Newton-Schulz iteration x <- a x + (b A + c A^2) x, A = x x^T, which moves all singular values of x [m, n] towards 1
--- (Higham 2008, section 8.3); x is first divided by its norm. A row { a, b, c, times = k } of the coefficients is k turns.
function core.newton_schulz(x, coefficients, eps)
  local tall = x.shape[1] > x.shape[2]
  if tall then x = x:transpose(1, 2) end
  x = x / nn.maximum(x:norm(), eps)
  for _, k in ipairs(coefficients) do
    local function turn(y)
      local A = y:matmul(y:transpose(1, 2))
      local factor = k[3] == 0 and k[2] * A or k[2] * A + k[3] * A:matmul(A)
      return k[1] * y + factor:matmul(y)
    end
    if k.times then x = nn.scan(turn, x, nil, { length = k.times }) else x = turn(x) end
  end
  return tall and x:transpose(1, 2) or x
end

local muon_ratio = {
  original = function(rows, columns) return math.sqrt(math.max(1, rows / columns)) end,
  match_rms_adamw = function(rows, columns) return 0.2 * math.sqrt(math.max(rows, columns)) end,
}

local adamw_scalars = core.adam.scalars(true)

core.optimizer("Muon", {
  lr = 1e-3,
  options = {
    momentum = rules.unit(0.95), nesterov = true, weight_decay = rules.eps(0.1), eps = rules.eps(1e-7), adjust_lr = "original",
    ns_coefficients = { { 3.4445, -4.7750, 2.0315 }, -1e3, 1e3, "between -1000 and 1000" }, ns_steps = { 5, 1, 99, "between 1 and 99" },
    betas = rules.betas(0.9, 0.999), adam_eps = rules.eps(1e-8),
  },
  check = function(o, kind)
    if not muon_ratio[o.adjust_lr] then core.fail("mode_unknown", kind .. "'s adjust_lr", o.adjust_lr) end
  end,
  moments = function(_, p) return p.rank == 2 and { { "momentum_buffer" } } or { { "exp_avg" }, { "exp_avg_sq" } } end,
  scalars = function(o, t, lr)
    local adam = { betas = o.betas, eps = o.adam_eps, weight_decay = o.weight_decay }
    return { negative = -lr, decay = lr * o.weight_decay, adam = adam, adam_scalars = adamw_scalars(adam, t, lr) }
  end,
  update = function(o, s, g, p, m)
    if p.rank ~= 2 then return core.adam.update(s.adam, s.adam_scalars, g, p, m) end
    local moved = m.momentum_buffer + (g - m.momentum_buffer) * (1 - o.momentum)
    local move, steps = o.nesterov and g + (moved - g) * o.momentum or moved, {}
    for i = 1, o.ns_steps do steps[i] = o.ns_coefficients end
    move = core.newton_schulz(move, steps, o.eps)
    return core.shrunk(o, s, p) + move * (s.negative * muon_ratio[o.adjust_lr](p.shape[1], p.shape[2])), { momentum_buffer = moved }
  end,
})
