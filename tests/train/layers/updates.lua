-- updates.lua: 100 steps of every optimizer, of clipping, groups, accumulation and averages (tests/oracle/library/updates.py).
local nn = require "nn"
local formula, cases = require "formula", require "cases"
local tensor, project = formula.tensor, formula.project
local nets = {}

local function net_of(name)
  local shapes, net = { { 6, 5 }, { 6 }, { 2, 6 }, { 2 } }, {}
  for i, shape in ipairs(shapes) do net[i] = nn.parameter(shape, cases.init(21 + i)) end
  nets[name] = net
  return net
end

local function data(k) return tensor(20 + 100 * k, { 8, 5 }), tensor(21 + 100 * k, { 8, 2 }) end

local function loss_of(net, x, y) return nn.mse_loss(nn.linear(nn.tanh(nn.linear(x, net[1], net[2])), net[3], net[4]), y) end

local function outputs(net, out)
  for k, p in ipairs(net) do out["p" .. (k - 1)] = project(nn.value(p), 49 + k) end
  return out
end

-- make(net) gives an optimizer; options are those of nn.train
local function run(name, make, options)
  local net = net_of(name)
  local opt = make(net)
  cases.add(name, function()
    return outputs(net, { loss = opt:step(function() return loss_of(net, data(0)) end, options) })
  end)
end

for _, recipe in ipairs(require "recipes") do run(table.unpack(recipe)) end

-- the average of the weights after each step
local function averages(name, make, decay)
  local net = net_of(name)
  local opt, ema = make { net }, nn.EMA { net, decay = decay }
  cases.add(name, function()
    local out = { loss = opt:step(function() return loss_of(net, data(0)) end) }
    ema:update()
    outputs(net, out)
    for k, a in ipairs(ema:values()) do out["a" .. (k - 1)] = project(a, 49 + k) end
    return out
  end)
end
averages("ema", function(t) t.lr = 0.1 return nn.SGD(t) end, 0.9)
averages("ema_slow", function(t) t.lr = 0.02 return nn.Adam(t) end)

local program = {}
do -- four batches a step, through nn.train
  local net, k = net_of("accumulate"), nn.buffer({}, 0, "i32")
  program.accumulate = nn.train { optimizer = nn.Adam { net, lr = 0.02 }, accumulate = 4, loss = function()
    local x, y = data(0)
    for i = 1, 3 do
      local xi, yi = data(i)
      x, y = nn.where(k:eq(i), xi, x), nn.where(k:eq(i), yi, y)
    end
    nn.assign(k, (k + 1) % 4)
    return loss_of(net, x, y)
  end }
  program.after = nn.func { function() return outputs(net, {}) end }
end

program.name, program.model, program.state = "updates", nets, {}
local order = {}
for name, func in pairs(cases.funcs) do program[name] = func end
for i, func in ipairs(cases.order) do order[i] = func end
order[#order + 1], order[#order + 2] = program.accumulate, program.after
program.run = { steps = 100, step = order }
return nn.program(program)
