-- data.lua: sources: where batches come from. A source declares the fields of a row as they lie in the file, and how a
-- batch of them becomes what the model sees: images are bytes in the file and floats 0…1 in `b.x`.
local nn, core = ...

-- Where Debian's package dataset-fashion-mnist puts its files. `dir`, or --data of the built program, say otherwise.
local fashion_mnist_directory = "/usr/share/datasets/fashion-mnist"
local mnist_directory = "data/mnist"

local function pixels(raw) return raw:cast(core.float()) / 255 end
local function label(raw) return raw:cast("i32") end

local common = { batch = "number", shuffle = "boolean" }

local function with_common(fields)
  for name, kind in pairs(common) do fields[name] = kind end
  return fields
end

local function source(kind, options, self)
  self.batch = core.count(kind, "batch", options.batch or 1)
  if self.batch > 65536 then core.fail("batch_size", kind, 65536, self.batch) end
  self.shuffle = options.shuffle or false
  core.is_source[self] = true
  return core.object(self, kind)
end
core.is_source = {}

local function idx(kind, options, images, labels, shape, rows, classes)
  local fields = { { name = "x", dtype = "u8", shape = shape, file = images, read = pixels } }
  if labels then fields[2] = { name = "y", dtype = "u8", shape = {}, file = labels, read = label } end
  return source(kind, options, { kind = "idx", fields = fields, rows = rows, classes = classes })
end

-- Files of IDX numbers (also .gz): images u8 [rows, height, width], labels u8 [rows].
-- b.x: floats 0…1 [batch, 1, height, width]; b.y: i32 [batch].
function nn.data.idx(options)
  core.fields("nn.data.idx", options, with_common { images = "string", labels = "string", shape = "any", classes = "number", rows = "number" })
  if not options or not options.images then core.fail("field_missing", "nn.data.idx", "images, a path") end
  local shape = options.shape or { 1, 28, 28 }
  if type(shape) ~= "table" then core.fail("shape_wanted", "nn.data.idx", core.what(shape)) end
  local rows = options.rows and core.count("nn.data.idx", "rows", options.rows)
  local classes = options.classes and core.count("nn.data.idx", "classes", options.classes)
  return idx("nn.data.idx", options, options.images, options.labels, shape, rows, classes)
end

-- The four files of MNIST and of the sets that share its form.
local splits = { train = { "train", 60000 }, test = { "t10k", 10000 } }

local function mnist(kind, directory)
  return function(options)
    options = core.fields(kind, options, with_common { split = "string", dir = "string" })
    local split = splits[options.split or "train"]
    if not split then core.fail("split_unknown", kind, options.split, core.nearest(options.split, { "train", "test" })) end
    local dir = options.dir or directory
    return idx(kind, options, dir .. "/" .. split[1] .. "-images-idx3-ubyte.gz", dir .. "/" .. split[1] .. "-labels-idx1-ubyte.gz",
               { 1, 28, 28 }, split[2], 10)
  end
end

nn.data.fashion_mnist = mnist("nn.data.fashion_mnist", fashion_mnist_directory)
nn.data.mnist = mnist("nn.data.mnist", mnist_directory)
function nn.data.split() core.limit("nn.data.split") end

-- What a function gets for one batch: fields and moments are made when they are asked for, so that what a model does
-- not read is no input of it.
function core.batch(source, index, name, rows)
  local made, known = {}, { "first", "last", "epoch" }
  for _, field in ipairs(source.fields) do known[#known + 1] = field.name end
  local function get(_, key)
    if made[key] ~= nil then return made[key] end
    for k, field in ipairs(source.fields) do
      if field.name == key then made[key] = core.at(source, function() return field.read(core.program.field(index, k - 1, rows)) end) end
    end
    if key == "first" or key == "last" or key == "epoch" then made[key] = core.program.moment(index, key) end
    if made[key] == nil then core.fail("batch_field", name, tostring(key), core.nearest(tostring(key), known)) end
    return made[key]
  end
  return setmetatable({}, { __index = get, __metatable = false, __newindex = function() core.fail("nn_sealed", "the batch") end })
end
