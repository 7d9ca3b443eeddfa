-- robust.lua: a line through points of which every tenth is an outlier: least squares follows the outliers, the absolute
-- error and Huber's loss do not.
local nn = require "nn"
local n = 200

local function points()                                                            -- the same in every call
  return nn.with({ key = 1 }, function()
    local x = nn.random.uniform { n } * 4 - 2
    local y = 2 * x - 1 + 0.1 * nn.random.normal { n }
    return x, y + nn.where(nn.random.permutation(n):lt(n // 10), 5 - 8 * x, 0)
  end)
end

local losses = { squared = nn.mse_loss, absolute = nn.l1_loss, huber = nn.huber_loss }
local lines, optimizers = {}, {}
for name in pairs(losses) do
  lines[name] = { slope = nn.parameter {}, offset = nn.parameter {} }
  optimizers[name] = nn.Adam { lines[name], lr = nn.cosine(0.1) }
end

local train = nn.func { mode = "train", function()
  local x, y = points()
  local out = {}
  for name, loss in pairs(losses) do
    local line = lines[name]
    optimizers[name]:step(function() return loss(line.slope * x + line.offset, y) end)
    out[name .. "_slope"], out[name .. "_offset"] = nn.value(line.slope), nn.value(line.offset)
  end
  -- the normal equations of least squares
  local cx, cy = x - x:mean(), y - y:mean()
  local slope = (cx * cy):sum() / (cx ^ 2):sum()
  out.normal_slope, out.normal_offset = slope, y:mean() - slope * x:mean()
  return out
end }

return nn.program { name = "robust", model = lines, train = train, run = { steps = 1500, step = train } }

-- Reaches: (f32, 200 made-up points, y = 2 x - 1) squared error: slope 1.143, offset -0.423, as the normal
-- equations; Huber: 1.931, -0.966; absolute: 1.998, -1.003.
