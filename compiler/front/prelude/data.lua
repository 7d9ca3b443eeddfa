-- data.lua: sources: where batches come from. A source declares the fields of a row as they lie in the file, and how a
-- batch of them becomes what the model sees: images are bytes in the file and floats 0…1 in `b.x`.
local nn, core = ...

-- Where Debian's package dataset-fashion-mnist puts its files. `dir`, or --data of the built program, say otherwise.
local fashion_mnist_directory = "/usr/share/datasets/fashion-mnist"
local mnist_directory = "data/mnist"

local function pixels(raw) return raw:cast(core.float()) / 255 end
local function label(raw) return raw:cast("i32") end

local common = { batch = "number", shuffle = "boolean", drop_last = "boolean", pad = "boolean", sample = "string", rate = "number" }

local function with_common(fields)
  for name, kind in pairs(common) do fields[name] = kind end
  return fields
end

-- sample = "poisson", rate: every row is in a batch with this probability, by itself; `batch` is the most that fit.
local function set_sampling(kind, options, self)
  if options.sample == nil then
    if options.rate then core.fail("field_missing", kind, "sample = \"poisson\" with a rate") end
    return
  end
  if options.sample ~= "poisson" then core.fail("sample_unknown", kind, options.sample) end
  if options.rate == nil then core.fail("field_missing", kind, "rate, the probability of a row to be in a batch") end
  for _, other in ipairs { "shuffle", "drop_last", "pad" } do
    if options[other] then core.fail("source_options", kind, other, "sample") end
  end
  self.rate = core.range(kind, "rate", options.rate, 1e-9, 1, "above 0 and at most 1")
end

-- The lanes of a stateful source have an order of their own and leave over what does not fill one.
local function set_order(kind, self)
  if not self.stateful then return end
  for _, other in ipairs { "shuffle", "pad" } do
    if self[other] then core.fail("source_options", kind, other, "stateful") end
  end
  self.drop_last = true
end

-- pad = true: the last batch of a pass is filled with zeros. weighted: batches have a field b.weight, 1 for a row.
local function set_options(kind, options, self)
  self.batch = core.count(kind, "batch", options.batch or 1)
  if self.batch > 65536 then core.fail("batch_size", kind, 65536, self.batch) end
  if options.pad and options.drop_last then core.fail("source_options", kind, "pad", "drop_last") end
  self.shuffle, self.drop_last, self.pad = options.shuffle or false, options.drop_last or false, options.pad or false
  set_sampling(kind, options, self)
  self.weighted = self.pad or self.rate ~= nil
  set_order(kind, self)
end

core.is_source = {}
local function source(kind, options, self)
  set_options(kind, options, self)
  core.is_source[self] = true
  return core.object(self, kind)
end

local function idx(kind, options, images, labels, shape, rows, classes)
  local fields = { { name = "x", dtype = "u8", shape = shape, file = images, read = pixels } }
  if labels then fields[2] = { name = "y", dtype = "u8", shape = {}, file = labels, read = label } end
  return source(kind, options, { kind = "idx", fields = fields, rows = rows, classes = classes })
end

---@class nn.SourceOptions
---@field batch? integer `1` rows a batch, at most 65536
---@field shuffle? boolean `false`; true: each pass in an order of its own, a permutation by Philox from seed, source and epoch
---@field drop_last? boolean `false`; true: nn.evaluate too drops the rows that a batch leaves over (training always does)
---@field pad? boolean `false`; true: the last batch is filled with zeros, and `b.weight` [batch] is 1 for a row, else 0
---@field sample? "poisson" `nil`; "poisson": each row is in a batch with probability `rate`, by itself; `b.weight` as above; a draw of more than `batch` rows ends the run
---@field rate? number `nil`, above 0 and at most 1; goes with sample

---@class nn.IdxOptions: nn.SourceOptions
---@field images string a path
---@field labels? string `nil`: no b.y
---@field masks? string `nil`; in place of labels: images again, `b.y` floats 0 to 1 shaped like `b.x`
---@field shape? integer[] `{ 1, 28, 28 }` of an image
---@field rows? integer `nil`: known when the program starts; with it nn.data.split takes numbers of rows
---@field classes? integer `nil`; labels are checked to be below it

--- Files of IDX numbers, also .gz: images u8 [rows, height, width], labels u8 [rows] or masks
--- u8 [rows, height, width]. `b.x` are floats 0 to 1 [batch, shape], `b.y` i32 [batch].
---@param options nn.IdxOptions
---@return nn.Source
function nn.data.idx(options)
  local known = { images = "string", labels = "string", masks = "string", shape = "any", classes = "number", rows = "number" }
  core.fields("nn.data.idx", options, with_common(known))
  if not options or not options.images then core.fail("field_missing", "nn.data.idx", "images, a path") end
  local shape = options.shape or { 1, 28, 28 }
  if type(shape) ~= "table" then core.fail("shape_wanted", "nn.data.idx", core.what(shape)) end
  local rows = options.rows and core.count("nn.data.idx", "rows", options.rows)
  local classes = options.classes and core.count("nn.data.idx", "classes", options.classes)
  if not options.masks then return idx("nn.data.idx", options, options.images, options.labels, shape, rows, classes) end
  if options.labels then core.fail("source_options", "nn.data.idx", "labels", "masks") end
  local made = idx("nn.data.idx", options, options.images, nil, shape, rows)
  made.fields[2] = { name = "y", dtype = "u8", shape = shape, file = options.masks, read = pixels }
  return made
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

-- ---- values of the model file ----

local reserved = { first = true, last = true, epoch = true, weight = true }

local function check_field(kind, name)
  if type(name) ~= "string" then core.fail("name_wanted", kind, core.what(name)) end
  if reserved[name] then core.fail("field_name", kind, name) end
end

local function keep(raw) return raw end

local function field_options(options, known)
  local fields = {}
  for name, value in pairs(options) do
    if not known[name] then fields[name] = value end
  end
  return fields
end

local function check_known(kind, options, known)
  if type(options) ~= "table" or core.kind(options) then core.fail("table_wanted", kind, core.what(options)) end
  local given = {}
  for name in pairs(known) do given[name] = options[name] end
  core.fields(kind, given, known)
end

local function well_formed(character)                       -- as UTF-8 has it, and not 0, which ends a text in C
  local lead = string.byte(character)
  return lead ~= 0 and #character == (lead < 0x80 and 1 or lead >= 0xF0 and 4 or lead >= 0xE0 and 3 or lead >= 0xC0 and 2 or 0)
end

-- vocabulary = "bytes", or the characters of the tokens 0, 1, …; and how many there are.
local function vocabulary(kind, text)
  if text == nil or text == "bytes" then return text and "", text and 256 end
  if type(text) ~= "string" then core.fail("string_wanted", kind, "vocabulary", core.what(text)) end
  local seen, first, count = {}, 1, 0
  while first <= #text do                                   -- a character of UTF-8: a byte and those that continue it
    local last = first
    while last < #text and string.byte(text, last + 1) & 0xC0 == 0x80 do last = last + 1 end
    local character = string.sub(text, first, last)
    if seen[character] then core.fail("vocabulary_twice", kind, character) end
    if not well_formed(character) then core.fail("vocabulary_byte", kind, string.byte(character), first) end
    seen[character], first, count = true, last + 1, count + 1
  end
  if text == "" then core.fail("string_wanted", kind, "vocabulary", "empty") end
  return text, count
end

-- Labels, one whole number a row, are below the number of classes.
local function check_labels(name, rows, value, classes)
  if not classes or value.rank ~= 1 or core.is_float(value.dtype) or type(rows) ~= "table" then return end
  for i, label in ipairs(rows) do
    if label < 0 or label >= classes then core.fail("table_label", name, label, i, classes) end
  end
end

---@class nn.TableOptions: nn.SourceOptions
---@field classes? integer `nil`; labels, whole numbers one a row, are checked to be below it
---@field vocabulary? string `nil`; "bytes", or the characters of the tokens 0, 1, … in UTF-8

--- Rows that stand in the program itself: every other field of the table, `x = { { 0, 1 }, … }`, is a list of rows or nn.constant, all with equal
--- numbers of rows. `b.x` is [batch, …] with the dtype of the list: whole numbers i32, others the default float. `first`, `last`, `epoch` and `weight`
--- are no names for fields.
---@param options nn.TableOptions
---@return nn.Source
function nn.data.table(options)
  local kind, known = "nn.data.table", with_common { classes = "number", vocabulary = "string" }
  check_known(kind, options, known)
  local self = { kind = "table", fields = {} }
  self.vocabulary = vocabulary(kind, options.vocabulary)
  self.classes = options.classes and core.count(kind, "classes", options.classes)
  for name, rows in pairs(field_options(options, known)) do
    check_field(kind, name)
    if type(rows) ~= "table" and not core.is_tensor(rows) or core.kind(rows) == "state" then core.fail("table_value", name, core.what(rows)) end
    local value = core.is_tensor(rows) and rows or core.constant(rows)
    if value.rank == 0 then core.fail("table_value", name, core.tensor_text(value)) end
    local n, shape = value.shape[1], {}
    for d = 2, value.rank do shape[d - 1] = value.shape[d] end
    if self.rows and self.rows ~= n then core.fail("table_rows", name, n, self.fields[1].name, self.rows) end
    self.rows = n
    check_labels(name, rows, value, self.classes)
    self.fields[#self.fields + 1] = { name = name, dtype = value.dtype, shape = shape, value = value, read = keep }
  end
  if #self.fields == 0 then core.fail("table_empty") end
  return source(kind, options, self)
end

---@class nn.RandomOptions: nn.SourceOptions
---@field rows integer
---@field classes? integer `10`; below it lie integers of fields without dimensions

--- Made up from the seed, for measuring: every other field of the table is a shape, `x = { 3, 32, 32 }`, `y = { dtype = "i32" }`. Floats lie in [0, 1),
--- integers of fields without dimensions below `classes`, others from 0 to 255.
---@param options nn.RandomOptions
---@return nn.Source
function nn.data.random(options)
  local kind, known = "nn.data.random", with_common { rows = "number", classes = "number" }
  check_known(kind, options, known)
  if options.rows == nil then core.fail("field_missing", kind, "rows, how many there are") end
  local self = { kind = "random", fields = {}, rows = core.count(kind, "rows", options.rows) }
  self.classes = core.count(kind, "classes", options.classes or 10)
  for name, shape in pairs(field_options(options, known)) do
    check_field(kind, name)
    if type(shape) ~= "table" or core.kind(shape) then core.fail("shape_wanted", kind, core.what(shape)) end
    local sizes = {}
    for d, size in ipairs(shape) do sizes[d] = size end
    self.fields[#self.fields + 1] = { name = name, dtype = shape.dtype or core.float(), shape = sizes, read = keep }
  end
  if #self.fields == 0 then core.fail("field_missing", kind, "fields, such as x = { 3, 32, 32 }") end
  return source(kind, options, self)
end

-- ---- parts of a source ----

local part_options = { batch = "number", shuffle = "boolean", drop_last = "boolean", pad = "boolean" }

-- The sizes of the parts as fractions; numbers of rows need a source that says how many it has.
local function fractions(src, parts)
  local list, total, counts = {}, 0, 0
  if type(parts) ~= "table" or core.kind(parts) or #parts == 0 then core.fail("data_parts", core.what(parts)) end
  for i, part in ipairs(parts) do
    local size = part
    if type(part) == "table" then size = core.fields("nn.data.split", part, part_options, 1)[1] end
    if type(size) ~= "number" or size <= 0 then core.fail("data_parts", core.what(size) == "a number" and tostring(size) or core.what(size)) end
    if math.type(size) == "integer" then counts = counts + 1 end
    list[i], total = size, total + size
  end
  if counts ~= 0 then
    if counts ~= #list then core.fail("data_parts", "both were given") end
    if not src.rows then core.fail("data_parts", "this source does not know its number of rows: give fractions") end
    for i, size in ipairs(list) do list[i] = size / src.rows end
    total = total / src.rows
  end
  if total > 1 + 1e-9 then core.fail("data_parts", "they add up to more than there is") end
  return list
end

---@class nn.SplitOptions
---@field seed? integer `0` of the permutation; part of a part: the seed it was cut by

--- Disjoint parts of a source: all rows are permuted by the seed given here, then cut, so the parts are the same for any --seed of the run. A part is
--- visited in the files' order unless it shuffles. A text is cut as it stands, by its tokens: its first 90 % and the rest, without a token in common.
---@param src nn.Source
---@param parts table sizes: fractions that add up to at most 1, or numbers of rows; or `{ size, batch?, shuffle?, drop_last?, pad? }`, whose options replace the source's
---@param options? nn.SplitOptions `{}`
---@return nn.Source ... one a part
function nn.data.split(src, parts, options)
  if type(src) ~= "table" or not core.is_source[src] then core.fail("source_wanted", "split's first argument", core.what(src)) end
  if src.kind == "bpe" then core.fail("tokens_rows", "nn.data.split") end
  options = core.fields("nn.data.split", options, { seed = "number" })
  local seed = core.range("nn.data.split", "seed", options.seed or src.split_seed or 0, 0, 2 ^ 53, "a whole number of at least 0")
  if options.seed and src.contiguous then core.fail("source_options", "nn.data.split", "seed", "a text, which is cut as it stands") end
  if options.seed and src.split_seed then core.fail("source_options", "nn.data.split", "seed", "a part, whose seed it keeps") end
  if seed % 1 ~= 0 then core.fail("number_range", "nn.data.split", "seed", "a whole number of at least 0", seed) end
  local low, high = src.from or 0, src.to or 1
  local made, at = {}, low
  for i, fraction in ipairs(fractions(src, parts)) do
    local self = {}
    for key, value in pairs(src) do self[key] = value end
    self.from, self.split_seed = at, seed
    at = math.min(at + fraction * (high - low), high)
    if high - at < 1e-9 then at = high end
    self.to = at
    if src.rows then
      local all = src.all_rows or src.rows
      self.all_rows = all
      self.rows = math.floor(self.to * all + 0.5) - math.floor(self.from * all + 0.5)
      if self.rows < 1 then core.fail("data_parts", "part " .. i .. " has no row") end
    end
    local own = type(parts[i]) == "table" and parts[i] or {}
    for key in pairs(part_options) do
      if own[key] ~= nil then self[key] = own[key] end
    end
    if self.pad and self.drop_last then core.fail("source_options", "nn.data.split", "pad", "drop_last") end
    self.batch = core.count("nn.data.split", "batch", self.batch)
    self.weighted = self.pad or self.rate ~= nil
    set_order("nn.data.split", self)
    core.is_source[self] = true
    made[i] = core.object(self, "nn.data.split")
  end
  return table.unpack(made)
end

-- What files.lua makes its sources with.
core.data = {
  with_common = with_common, source = source, check_field = check_field, vocabulary = vocabulary, keep = keep, pixels = pixels, label = label,
  check_known = check_known, field_options = field_options,
}

-- What a function gets for one batch: fields and moments are made when they are asked for, so that what a model does
-- not read is no input of it.
function core.batch(source, index, name, rows)
  local made, known = {}, { "first", "last", "epoch", source.weighted and "weight" or nil }
  for _, field in ipairs(source.fields) do known[#known + 1] = field.name end
  local function get(_, key)
    if made[key] ~= nil then return made[key] end
    for k, field in ipairs(source.fields) do
      if field.name == key then made[key] = core.at(source, function() return field.read(core.program.field(index, k - 1, rows)) end) end
    end
    if key == "weight" and source.weighted then made[key] = core.program.weight(index, rows):cast(core.float()) end
    if key == "first" or key == "last" or key == "epoch" then made[key] = core.program.moment(index, key) end
    if made[key] == nil then core.fail("batch_field", name, tostring(key), core.nearest(tostring(key), known)) end
    return made[key]
  end
  return setmetatable({}, { __index = get, __metatable = false, __newindex = function() core.fail("nn_sealed", "the batch") end })
end
