-- dropout.lua: layers that draw random numbers in training, and nothing in evaluation; residual connections.
local nn, core = ...

local function probability(what, p, otherwise)
  return core.range(what, "p", p == nil and otherwise or p, 0, 0.999999, "at least 0 and below 1")
end

-- Draws of the shape of x, with size 1 in the dimensions that share one draw (all from the given one on)
local function kept(x, p, shared_from)
  local shape = x.shape
  for d = shared_from or x.rank + 1, x.rank do shape[d] = 1 end
  return core.uniform(shape):ge(p)
end

local function dropout_forward(self, x)
  core.tensor("nn.Dropout", x)
  if not nn.training() or self.p == 0 then return x end
  return nn.where(kept(x, self.p), x * (1 / (1 - self.p)), 0)
end

--- In training each element is kept with probability 1 - p and then divided by it, else 0 (Srivastava et al. 2014).
---@param p? number `0.5`
---@return nn.Module
function nn.Dropout(p) return core.module({ p = probability("nn.Dropout", p, 0.5), forward = dropout_forward }, "nn.Dropout") end

-- Tompson et al. 2015: whole channels of [B, C, …]. Annotations in dropout.d.lua.
for dimensions = 1, 3 do
  local kind = "nn.Dropout" .. dimensions .. "d"
  nn["Dropout" .. dimensions .. "d"] = function(p)
    local function forward(self, x)
      core.tensor(kind, x)
      if x.rank ~= dimensions + 2 then core.fail("layer_input", kind, "[B, C" .. string.rep(", …", dimensions) .. "]", core.tensor_text(x)) end
      if not nn.training() or self.p == 0 then return x end
      return nn.where(kept(x, self.p, 3), x * (1 / (1 - self.p)), 0)
    end
    return core.module({ p = probability(kind, p, 0.5), forward = forward }, kind)
  end
end

-- Klambauer et al. 2017, section "New dropout technique": what is dropped becomes -alpha', then an affine map brings mean
-- and variance back to 0 and 1.
local function alpha_dropout_forward(self, x)
  core.tensor("nn.AlphaDropout", x)
  local p = self.p
  if not nn.training() or p == 0 then return x end
  local alpha = 1.0507009873554805 * 1.6732632423543772
  local a = 1 / math.sqrt((1 - p) * (1 + p * alpha ^ 2))
  return nn.where(kept(x, p), x * a + a * alpha * p, -alpha * a + a * alpha * p)
end

--- Dropout for SELU: keeps mean 0 and variance 1.
---@param p? number `0.5`
---@return nn.Module
function nn.AlphaDropout(p)
  return core.module({ p = probability("nn.AlphaDropout", p, 0.5), forward = alpha_dropout_forward }, "nn.AlphaDropout")
end

local function depth_forward(self, x)
  local what = core.kind(self)
  core.tensor(what, x)
  if self.p == 0 then return x end
  if not nn.training() then return self.scale == "eval" and x * (1 - self.p) or x end
  if x.rank < 1 then core.fail("layer_input", what, "a batch [B, …]", core.tensor_text(x)) end
  return nn.where(kept(x, self.p, self.mode == "batch" and 1 or 2), self.scale == "eval" and x or x * (1 / (1 - self.p)), 0)
end

---@class nn.StochasticDepthOptions
---@field mode? "row"|"batch" `"row"`: what is dropped together
---@field scale? "train"|"eval" `"train"` divides by 1 - p in training (torchvision); "eval" multiplies by it in evaluation (Huang et al. 2016, eq. 5)

--- Drops a whole branch in training with probability p; called with the branch's result [B, …].
---@param p? number `0.5`, at least 0 and below 1
---@param options? nn.StochasticDepthOptions `{}`
---@return nn.Module
function nn.StochasticDepth(p, options)
  options = core.fields("nn.StochasticDepth", options, { mode = "string", scale = "string" })
  local mode, scale = options.mode or "row", options.scale or "train"
  if mode ~= "row" and mode ~= "batch" then core.fail("mode_unknown", "nn.StochasticDepth", mode) end
  if scale ~= "train" and scale ~= "eval" then core.fail("mode_unknown", "nn.StochasticDepth's scale", scale) end
  return core.module({ p = probability("nn.StochasticDepth", p, 0.5), mode = mode, scale = scale, forward = depth_forward }, "nn.StochasticDepth")
end

--- nn.StochasticDepth under the name that it has in timm.
---@param p? number `0.5`
---@return nn.Module
function nn.DropPath(p)
  return core.module({ p = probability("nn.DropPath", p, 0.5), mode = "row", scale = "train", forward = depth_forward }, "nn.DropPath")
end

local function residual_forward(self, x, ...)
  local y = self.body(x, ...)
  if self.drop then y = self.drop(y) end
  return self.gate and x + self.gate * y or x + y
end

---@class nn.ResidualOptions
---@field gate? number `nil`: no gate; the initial value of the scalar state `gate`
---@field drop? number `nil`: the probability of stochastic depth of the branch

--- x + F(x), or x + gate F(x) with a learned scalar: 0 at the start makes the block the identity (Bachlechner et al. 2020, eq. 4). States of F are `body.…`.
---@param body nn.Module|function F, from and to the same shape
---@param options? nn.ResidualOptions `{}`
---@return nn.Module
function nn.Residual(body, options)
  if type(body) ~= "function" and (type(body) ~= "table" or not core.kind(body)) then
    core.fail("layer_input", "nn.Residual", "a module or a function", core.what(body))
  end
  options = core.fields("nn.Residual", options, { gate = "number", drop = "number" })
  local self = { body = body, forward = residual_forward }
  if options.gate then self.gate = nn.parameter({}, options.gate) end
  if options.drop then self.drop = nn.StochasticDepth(probability("nn.Residual", options.drop, 0)) end
  return core.module(self, "nn.Residual")
end
