-- defaults.lua: the head of the model that defaults.sh makes: what the rows of defaults.txt speak of. `written` chooses between each call's two forms.
local nn = require "nn"
local written = nn.arg("written", false)
local sqrt, inf, up, C, E, L, n, embed_dim, heads, kernel_size = math.sqrt, math.huge, 2000, 6, 8, 4, 3, 8, 2, 2
local p, watched = nn.parameter({ 3, 2 }, 1), nn.buffer({}, 0)
local x, y, t = nn.full({ 2, 6 }, 0.25), nn.full({ 2, 6 }, 0.5), nn.full({}, 3.0)
local labels, targets, signs = nn.constant { 1, 0 }, nn.constant { { 1, 2 }, { 2, 1 } }, nn.constant { 1, -1 }
local sequence, q = nn.full({ 3, 2, 8 }, 0.5), nn.full({ 2, 2, 4, 8 }, 0.5)
local image, volume, columns = nn.full({ 2, 4, 6, 6 }, 0.5), nn.full({ 2, 4, 6, 6, 6 }, 0.5), nn.full({ 1, 4, 4 }, 0.5)
local kernel, cube, one_by_three, rows_of_three = nn.full({ 4, 4, 3, 3 }, 0.1), nn.full({ 4, 4, 3, 3, 3 }, 0.1), nn.full({ 3, 3, 3 }, 0.1), nn.full({ 2, 3, 5 }, 0.1)
local cosines = nn.full({ 2, 3 }, 0.5)
local source = nn.data.table { x = { 1, 2, 3, 4 } }
local optimizer = nn.SGD { p, lr = 0.1 }
local function turn(carry, row) return carry, row end
local function square() return (p * p):sum() end
local function rows(b) return (b.x * 1.0):mean() end
local function probe() return { train = nn.training() and 1 or 0 } end

-- All tensors and numbers of the results, by number
local function outputs(...)
  local list, count = { none = 0 }, 0
  local function add(v)
    if type(v) == "table" and not v.forward then
      for _, part in pairs(v) do add(part) end
    elseif type(v) == "number" or type(v) == "userdata" then
      count = count + 1
      list["y" .. count] = v
    end
  end
  add { ... }
  return list
end

local program = { name = "defaults", model = { p = p, watched = watched }, data = { rows = source } }
local steps, made = {}, {}
