-- extreme_logits.lua: losses of logits as large as +-1e4. log(softmax(z)) is log(0) there, and its gradient is not a number; by
-- log-sum-exp with the largest logit taken off (cross_entropy, nll_loss, kl_div of log_softmax) and by softplus (binary
-- cross-entropy with logits) losses and gradients are what they should be, and a constant added to all logits of a row changes no bit
-- where the sum itself is exact.
local nn = require "nn"
local far = nn.buffer({ 2, 3 }, function() return nn.constant { { 1e4, -1e4, 0 }, { -1e4, 1e4, 1e4 } } end)
local labels = nn.constant({ 1, 2 }, "i32")

-- loss, the gradient's sum of absolute values
local function both(loss, z) return loss, nn.grad(loss, z):abs():sum() end

local losses = nn.func { function()
  local z, zero_one = nn.value(far), nn.constant { { 0.0, 1.0, 1.0 }, { 1.0, 0.0, 1.0 } }
  local out = {}
  out.naive, out.naive_slope = both(-nn.softmax(z):log():take_along(2, labels:reshape { 2, 1 }):sum(), z)
  out.cross, out.cross_slope = both(nn.cross_entropy(z, labels, { reduction = "sum" }), z)
  out.nll, out.nll_slope = both(nn.nll_loss(nn.log_softmax(z), labels, { reduction = "sum" }), z)
  out.kl, out.kl_slope = both(nn.kl_div(nn.log_softmax(z), nn.one_hot(labels, 3), { reduction = "sum" }), z)
  out.binary, out.binary_slope = both(nn.binary_cross_entropy_with_logits(z, zero_one, { reduction = "sum" }), z)
  return out
end }

-- Multiples of 1 / 64 below 8 and 1024 more: the sums are exact in f32. How many losses and gradients differ in a bit
local shift = nn.func { function()
  local z, y, different = (nn.random.uniform { 64, 10 } * 1024):floor() / 64 - 8, nn.iota(64) % 10, 0
  local weight = (nn.iota(10):cast "float" + 1) / 10
  for _, options in ipairs { {}, { label_smoothing = 0.1 }, { weight = weight }, { label_smoothing = 0.1, weight = weight } } do
    options.reduction = "none"
    local function of(logits)
      local loss = nn.cross_entropy(logits, y, options)
      return loss, nn.grad(loss:sum(), logits)
    end
    local loss, slope = of(z)
    local moved, moved_slope = of(z + 1024)
    different = different + loss:ne(moved):cast("float"):sum() + slope:ne(moved_slope):cast("float"):sum()
  end
  return { different = different }
end }

return nn.program {
  name = "extreme_logits", model = { far = far }, losses = losses, shift = shift, run = { steps = 20, step = shift, before = losses },
}

-- Reaches: (f32, no data) cross-entropies of 20000.69 = 20000 + log 2 where the naive loss is inf and its gradient NaN; no bit differs
-- in 20 draws of 640 logits with and without 1024 more, with label smoothing and class weights too.
