-- files.lua: sources whose rows stay in files of other formats than IDX: text and records of bytes. Each declares the
-- fields of a row as the reader of the built program delivers them (runtime/host/text.c, records.c), and how the model
-- sees them. What all sources share is in data.lua.
local nn, core = ...
local data = core.data

local function file_list(kind, options)
  local files = options.files
  if options.file and files then core.fail("source_options", kind, "file", "files") end
  if options.file then files = { options.file } end
  if type(files) ~= "table" or core.kind(files) or #files == 0 then core.fail("field_missing", kind, "file, a path, or files, a list of paths") end
  for i, path in ipairs(files) do
    if type(path) ~= "string" or path == "" then core.fail("string_wanted", kind, "files[" .. i .. "]", core.what(path)) end
  end
  return files
end

-- ---- text ----

-- part = { from, to }: the tokens from one fraction of the text to another.
local function set_part(kind, part, self)
  if part == nil then return end
  local from, to = table.unpack(type(part) == "table" and not core.kind(part) and part or {})
  if type(from) ~= "number" or type(to) ~= "number" or not (0 <= from and from < to and to <= 1) then core.fail("text_part", kind) end
  self.from, self.to = from, to
end

-- nn.data.text { file, length = T, vocabulary, batch }: rows are windows of a text; b.x and b.y are i32 [batch, T], y
-- the token that follows each of x. The vocabulary is "bytes" or the characters of the tokens 0, 1, …; it must be known
-- when the model is compiled, since shapes depend on it, and a file may be another one at every run: so it is written
-- out and never read from a file. `classes` of the source is the number of tokens. Rows begin every `stride` tokens, T
-- without one. stateful: row b of a batch goes on where row b of the batch before it stopped.
---@param options { file: string, length: integer, vocabulary: "bytes"|string, stride?: integer, stateful?: boolean, part?: number[], batch?: integer, shuffle?: boolean, drop_last?: boolean, pad?: boolean, sample?: "poisson", rate?: number }
---@return nn.Source
function nn.data.text(options)
  local kind = "nn.data.text"
  options = core.fields(kind, options, data.with_common {
    file = "string", length = "number", vocabulary = "string", stride = "number", stateful = "boolean", part = "table",
  })
  for _, key in ipairs { "file", "length", "vocabulary" } do
    if not options[key] then core.fail("field_missing", kind, key) end
  end
  if options.vocabulary == "characters" then core.fail("text_vocabulary", kind) end
  local length = core.count(kind, "length", options.length)
  local self = { kind = "text", files = { options.file }, contiguous = true, fields = {} }
  for i, name in ipairs { "x", "y" } do self.fields[i] = { name = name, dtype = "i32", shape = { length }, read = data.keep } end
  self.vocabulary, self.classes = data.vocabulary(kind, options.vocabulary)
  self.stride, self.stateful = core.count(kind, "stride", options.stride or length), options.stateful
  if options.stateful and options.stride then core.fail("source_options", kind, "stride", "stateful") end
  if options.stateful and options.sample then core.fail("source_options", kind, "sample", "stateful") end
  set_part(kind, options.part, self)
  return data.source(kind, options, self)
end

-- ---- records ----

-- Numbers as they are stored: their bytes, and the dtype that a batch has them in.
local stored = {
  u8 = { 1, "u8" }, i8 = { 1, "i32" }, u16 = { 2, "i32" }, i16 = { 2, "i32" }, u32 = { 4, "u32" }, i32 = { 4, "i32" }, i64 = { 8, "i64" },
  f16 = { 2, "f16" }, bf16 = { 2, "bf16" }, f32 = { 4, "f32" }, f64 = { 8, "f64" }, bool = { 1, "bool" },
}

-- How the model sees a field: as it is, in another dtype, or u8 as floats 0 … 1.
local function reading(kind, name, as, dtype)
  if as == nil then return data.keep end
  if as == "pixels" and dtype == "u8" then return data.pixels end
  if not stored[as] or stored[as][2] ~= as then core.fail("field_as", kind, name, core.what(as) == "a string" and as or core.what(as), dtype) end
  return function(raw) return raw:cast(as) end
end

local record_known = { dtype = "string", as = "string", big = "boolean" }

-- One item of the record: { "name", sizes…, dtype = "u8", as, big } or { skip = bytes }; returns how many bytes it has.
local function record_item(kind, item, at, fields, big)
  if type(item) ~= "table" or core.kind(item) then core.fail("record_item", kind, core.what(item)) end
  if item.skip then
    core.fields(kind, item, { skip = "number" })
    return core.count(kind, "skip", item.skip)
  end
  core.fields(kind, item, record_known, 9)
  local name, dtype, shape, count = item[1], item.dtype or "u8", {}, 1
  data.check_field(kind, name)
  if not stored[dtype] then
    local names = {}
    for known in pairs(stored) do names[#names + 1] = known end
    core.fail("dtype_unknown", kind, dtype, core.nearest(dtype, names))
  end
  for d = 2, #item do
    shape[d - 1] = core.count(kind, "a size of " .. name, item[d])
    count = count * item[d]
  end
  for _, other in ipairs(fields) do
    if other.name == name then core.fail("record_twice", kind, name) end
  end
  if item.big ~= nil then big = item.big end
  fields[#fields + 1] = {
    name = name, dtype = stored[dtype][2], shape = shape, stored = dtype, big = big, at = at, read = reading(kind, name, item.as, stored[dtype][2]),
  }
  return count * stored[dtype][1]
end

-- nn.data.records { files = { … }, record = { { "y", as = "i32" }, { "x", 3, 32, 32, as = "pixels" } } }: files of records
-- of equal size, each field at its place in the record in the order given. skip: bytes of each file before its first
-- record; big: numbers begin with their highest byte.
---@param options { files?: string[], file?: string, record: table[], skip?: integer, big?: boolean, classes?: integer, rows?: integer, batch?: integer, shuffle?: boolean, drop_last?: boolean, pad?: boolean, sample?: "poisson", rate?: number }
---@return nn.Source
function nn.data.records(options)
  local kind = "nn.data.records"
  options = core.fields(kind, options, data.with_common {
    files = "table", file = "string", record = "table", skip = "number", big = "boolean", classes = "number", rows = "number",
  })
  local self = { kind = "records", fields = {}, files = file_list(kind, options), record = 0 }
  for _, item in ipairs(options.record or {}) do
    self.record = self.record + record_item(kind, item, self.record, self.fields, options.big or false)
  end
  if #self.fields == 0 then core.fail("field_missing", kind, "record, a list such as { { \"y\" }, { \"x\", 3, 32, 32 } }") end
  if self.record > 1 << 30 then core.fail("number_range", kind, "record", "at most 2^30 bytes", self.record) end
  self.skip = options.skip and options.skip ~= 0 and core.count(kind, "skip", options.skip) or 0
  self.classes = options.classes and core.count(kind, "classes", options.classes)
  self.rows = options.rows and core.count(kind, "rows", options.rows)
  return data.source(kind, options, self)
end

-- CIFAR-10 in its binary version (cifar-10-binary.tar.gz): a byte of the label, then planes of red, green and blue.
-- b.x: floats 0 … 1 [batch, 3, 32, 32]; b.y: i32 [batch]. With `files`, any files of that form.
---@param options { split?: "train"|"test", dir?: string, files?: string[], batch?: integer, shuffle?: boolean, drop_last?: boolean, pad?: boolean, sample?: "poisson", rate?: number }
---@return nn.Source
function nn.data.cifar10(options)
  local kind = "nn.data.cifar10"
  options = core.fields(kind, options, data.with_common { split = "string", dir = "string", files = "table", rows = "number" })
  local split = options.split or "train"
  if split ~= "train" and split ~= "test" then core.fail("split_unknown", kind, split, core.nearest(split, { "train", "test" })) end
  if options.files and options.dir then core.fail("source_options", kind, "files", "dir") end
  local files, rows, dir = options.files, options.rows, options.dir or "data/cifar-10-batches-bin"
  if not files then
    files, rows = { dir .. "/test_batch.bin" }, rows or split == "train" and 50000 or 10000
    for i = 1, split == "train" and 5 or 0 do files[i] = dir .. "/data_batch_" .. i .. ".bin" end
  end
  local self = { kind = "records", fields = {}, files = file_list(kind, { files = files }), record = 3073, skip = 0, classes = 10 }
  self.rows = rows and core.count(kind, "rows", rows)
  self.fields[1] = { name = "y", dtype = "u8", shape = {}, stored = "u8", at = 0, read = data.label }
  self.fields[2] = { name = "x", dtype = "u8", shape = { 3, 32, 32 }, stored = "u8", at = 1, read = data.pixels }
  return data.source(kind, options, self)
end
