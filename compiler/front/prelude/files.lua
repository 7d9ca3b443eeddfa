-- files.lua: sources whose rows lie in files of other formats than IDX: text, records of bytes, arrays of NumPy, tensors, tables.
-- Each declares the fields of a row as the reader of the built program delivers them (runtime/host/text.c, records.c,
-- npy.c, csv.c), and how the model sees them. What all sources share is in data.lua.
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

---@class nn.TextOptions: nn.SourceOptions
---@field file string a path
---@field length integer T, tokens a row
---@field vocabulary string|nn.Source "bytes", or the characters of the tokens 0, 1, … in UTF-8, written out: shapes depend on it, and every run may have another file, so it is never read from one; or an nn.data.bpe, whose size is written out
---@field stride? integer `nil`: T; rows begin every so many tokens: 1 with shuffle at any token
---@field stateful? boolean `false`; true: row b of a batch goes on where row b of the batch before it stopped, so that a state can be carried (0 where `b.first` is 1); what the lanes leave over is dropped
---@field part? number[] `{ 0, 1 }`: the text from one fraction of it to another

--- Windows of a text: `b.x` and `b.y` are i32 [batch, T], y the token that follows each of x; the last row ends before the last token. `classes` of the source is
--- the number of tokens: `nn.Embedding(text.classes, 64)`. Another character ends the run before its first step, with its byte and line.
---@param options nn.TextOptions
---@return nn.Source
function nn.data.text(options)
  local kind = "nn.data.text"
  options = core.fields(kind, options, data.with_common {
    file = "string", length = "number", vocabulary = "any", stride = "number", stateful = "boolean", part = "table",
  })
  core.required(kind, options, { "file", "length", "vocabulary" })
  if options.vocabulary == "characters" then core.fail("text_vocabulary", kind) end
  local length = core.count(kind, "length", options.length)
  local self = { kind = "text", files = { options.file }, contiguous = true, fields = {} }
  for i, name in ipairs { "x", "y" } do self.fields[i] = { name = name, dtype = "i32", shape = { length }, read = data.keep } end
  if core.is_source[options.vocabulary] and options.vocabulary.kind == "bpe" then
    self.tokens, self.classes = options.vocabulary, options.vocabulary.classes
  else
    self.vocabulary, self.classes = data.vocabulary(kind, options.vocabulary)
  end
  self.stride, self.stateful = core.count(kind, "stride", options.stride or length), options.stateful
  if options.stateful and options.stride then core.fail("source_options", kind, "stride", "stateful") end
  if options.stateful and options.sample then core.fail("source_options", kind, "sample", "stateful") end
  set_part(kind, options.part, self)
  return data.source(kind, options, self)
end

---@class nn.BpeOptions
---@field file string a path: `.bin` is llama2.c's format, any other ending a text
---@field size integer how many tokens it has, which shapes depend on; a file of another number is refused

--- A vocabulary of pieces of text (byte pair encoding: Sennrich et al. 2016), in a file that the built program reads. It stands in the program's `data`, one at
--- most: `--data` replaces its file, and texts (--FUNC.INPUT, `write`) are those of its tokens wherever a source names no other characters. A text source takes
--- it as its vocabulary. `classes` is its size. docs/program.md has the formats and the rules.
---@param options nn.BpeOptions
---@return nn.Source
function nn.data.bpe(options)
  local kind = "nn.data.bpe"
  options = core.fields(kind, options, { file = "string", size = "number" })
  core.required(kind, options, { "file", "size" })
  local size = core.range(kind, "size", core.count(kind, "size", options.size), 1, 2 ^ 31 - 1, "at most 2^31 - 1")
  return data.source(kind, {}, { kind = "bpe", fields = {}, files = { options.file }, classes = size })
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

local function check_dtype(kind, dtype, held)
  if stored[dtype] and (not held or stored[dtype][2] == dtype) then return end
  local names = {}
  for known, to in pairs(stored) do
    if not held or to[2] == known then names[#names + 1] = known end
  end
  core.fail("dtype_unknown", kind, core.what(dtype) == "a string" and dtype or core.what(dtype), core.nearest(tostring(dtype), names))
end

-- `classes`, below which labels are checked to be: without a field of labels it would check nothing, silently.
local function labelled(kind, options, fields, such)
  local classes, labels = options.classes and core.count(kind, "classes", options.classes), false
  for _, field in ipairs(fields) do labels = labels or #field.shape == 0 and field.dtype ~= "bool" and not core.is_float(field.dtype) end
  if classes and not labels then core.fail("classes_unused", kind, such) end
  return classes
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
  check_dtype(kind, dtype)
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

---@class nn.RecordsOptions: nn.SourceOptions
---@field record table[] the fields in order, `{ "name", sizes…, dtype = "u8", as?, big? }`, and gaps `{ skip = bytes }`
---@field file? string `nil`; a path: either this or files
---@field files? string[] `nil`; paths
---@field skip? integer `0` bytes of each file before its first record
---@field big? boolean `false`; true: numbers begin with their highest byte
---@field classes? integer `nil`; integer fields without sizes are labels, which are checked to be below it
---@field rows? integer `nil`: known when the program starts; with it nn.data.split takes numbers of rows

--- Files of records of equal size. dtypes as stored: u8 i8 u16 i16 u32 i32 i64 f16 bf16 f32 f64 bool; i8, u16 and i16 arrive as i32. `as = DTYPE` casts,
--- `as = "pixels"` makes floats 0 to 1 of u8. CIFAR-10's are `{ { "y", as = "i32" }, { "x", 3, 32, 32, as = "pixels" } }`.
---@param options nn.RecordsOptions
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
  self.classes = labelled(kind, options, self.fields, "{ \"y\" }")
  self.rows = options.rows and core.count(kind, "rows", options.rows)
  return data.source(kind, options, self)
end

---@class nn.Cifar10Options: nn.SourceOptions
---@field split? "train"|"test" `"train"`: 50,000 rows, or 10,000
---@field dir? string `data/cifar-10-batches-bin`, where data_batch_1.bin … lie
---@field files? string[] `nil`; in place of dir: any files of that form
---@field rows? integer `nil`: what the split has, of files known when the program starts

--- CIFAR-10 in its binary version (cifar-10-binary.tar.gz): a byte of the label, then planes of red, green and blue. `b.x` floats 0 to 1 [batch, 3, 32, 32],
--- `b.y` i32 [batch], 10 classes.
---@param options? nn.Cifar10Options `{}`
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

-- ---- arrays of NumPy, and tensors ----

local array_known = { dtype = "string", as = "string" }

-- x = { sizes…, dtype = "f32", as }: rows of one array, as numbers that the dtype holds.
local function arrays(format, options)
  local kind, each = "nn.data." .. format, format == "npy"
  local known = data.with_common { classes = "number", rows = "number", file = not each and "string" or nil }
  data.check_known(kind, options, known)
  local self = { kind = format, fields = {} }
  for name, item in pairs(data.field_options(options, known)) do
    data.check_field(kind, name)
    if type(item) ~= "table" or core.kind(item) then core.fail("array_item", kind, name, each and "file = \"x.npy\", " or "", core.what(item)) end
    core.fields(kind, item, each and { dtype = "string", as = "string", file = "string" } or array_known, 8)
    if each and not item.file then core.fail("field_missing", kind, "the file of '" .. name .. "': " .. name .. " = { file = \"x.npy\", … }") end
    local dtype, shape = item.dtype or "f32", {}
    check_dtype(kind, dtype, true)
    for d, size in ipairs(item) do shape[d] = core.count(kind, "a size of " .. name, size) end
    self.fields[#self.fields + 1] = { name = name, dtype = dtype, shape = shape, file = item.file, read = reading(kind, name, item.as, dtype) }
  end
  if #self.fields == 0 then core.fail("field_missing", kind, "fields, such as x = { 28, 28, dtype = \"u8\" }") end
  self.classes = labelled(kind, options, self.fields, "y = { dtype = \"i64\" }")
  self.rows = options.rows and core.count(kind, "rows", options.rows)
  if not each and not options.file then core.fail("field_missing", kind, "file, a path") end
  if not each then self.files = { options.file } end
  return data.source(kind, options, self)
end

---@class nn.NpyOptions: nn.SourceOptions
---@field classes? integer `nil`; integer fields without sizes are labels, which are checked to be below it
---@field rows? integer `nil`: known when the program starts; with it nn.data.split takes numbers of rows

--- Arrays that NumPy saved, one file a field: every other field of the table is `x = { file = "x.npy", sizes…, dtype = "f32", as? }`, such as
--- `y = { file = "y.npy", dtype = "i64", as = "i32" }`; rows lie along the first dimension (versions 1.0 to 3.0, C order, either order of bytes,
--- b1 i1 u1 i2 u2 i4 u4 i8 f2 f4 f8). The file's numbers may widen to `dtype` but lose nothing, so f64 is no f32: declare f64 and take it `as = "f32"`. A file
--- whose shape or dtype differs is refused.
---@param options nn.NpyOptions
---@return nn.Source
function nn.data.npy(options)
  return arrays("npy", options)
end

---@class nn.NpzOptions: nn.NpyOptions
---@field file string a path

--- The members `x.npy`, … of an archive of `numpy.savez(file, x = …)` or `savez_compressed`: fields as of [`nn.data.npy`](#nn.data.npy), without a file each.
---@param options nn.NpzOptions
---@return nn.Source
function nn.data.npz(options)
  return arrays("npz", options)
end

---@class nn.SafetensorsOptions: nn.NpyOptions
---@field file string a path

--- The tensors `x`, … of a safetensors file, as `safetensors.torch.save_file({"x": x, …}, file)` writes it: fields as of [`nn.data.npy`](#nn.data.npy),
--- without a file each; bf16 besides the dtypes there. Other tensors in it do no harm.
---@param options nn.SafetensorsOptions
---@return nn.Source
function nn.data.safetensors(options)
  return arrays("safetensors", options)
end

-- ---- tables ----

local function check_categories(kind, categories)
  for column, list in pairs(categories) do
    local seen = {}
    if type(list) ~= "table" or core.kind(list) or #list == 0 then core.fail("csv_categories", kind, tostring(column), core.what(list)) end
    for _, text in ipairs(list) do
      if type(text) ~= "string" then core.fail("csv_categories", kind, tostring(column), core.what(text)) end
      if seen[text] then core.fail("csv_categories", kind, tostring(column), "'" .. text .. "' twice") end
      seen[text] = true
    end
  end
  return categories
end

-- One field: "column" and { column = "…" } are one number a row, { "…", "…" } a list of them.
local function csv_field(kind, self, name, item, categories)
  data.check_field(kind, name)
  if type(item) == "string" then item = { column = item } end
  if type(item) ~= "table" or core.kind(item) then core.fail("csv_field", kind, name, core.what(item)) end
  core.fields(kind, item, { dtype = "string", column = "string" }, 1 << 20)
  local columns = item.column and { item.column } or item
  if #columns == 0 or item.column and #item > 0 then core.fail("csv_field", kind, name, "a list without columns, or both") end
  local dtype = item.dtype or item.column and categories[item.column] and "i32" or core.float()
  check_dtype(kind, dtype, true)
  local width = 0
  for _, column in ipairs(columns) do
    if type(column) ~= "string" then core.fail("csv_field", kind, name, core.what(column)) end
    self.headings[#self.headings + 1] = { name = column, field = #self.fields, at = width, categories = categories[column] }
    width = width + (categories[column] and core.is_float(dtype) and #categories[column] or 1)
  end
  self.fields[#self.fields + 1] = { name = name, dtype = dtype, shape = item.column and width == 1 and {} or { width }, read = data.keep }
end

---@class nn.CsvOptions: nn.SourceOptions
---@field file string a path
---@field categories? table<string, string[]> `{}`; `{ column = { "new", "old" } }`: the column's texts in the order of their numbers
---@field missing? number `nil`: what is missing (empty, ?, NA, N/A, null, NaN however it is written) is refused with its line; a number: stands for it
---@field separator? string `","`, one character
---@field classes? integer `nil`; integer fields of one number a row are labels, which are checked to be below it
---@field rows? integer `nil`: known when the program starts; with it nn.data.split takes numbers of rows

--- Columns of a table (RFC 4180) by the names in its first line: every other field of the table is a name, `y = "price"` or `{ column = "price", dtype = "i32" }`,
--- one number a row, or a list of names, `x = { "width", "kind" }`, so many; floats unless `dtype` says otherwise. A column with categories is the number of its
--- text from 0 in a field of integers (and by itself), a 1 among zeros in one of floats.
---@param options nn.CsvOptions
---@return nn.Source
function nn.data.csv(options)
  local kind = "nn.data.csv"
  local known = data.with_common { file = "string", categories = "table", missing = "number", separator = "string", classes = "number", rows = "number" }
  data.check_known(kind, options, known)
  if not options.file then core.fail("field_missing", kind, "file, a path") end
  local separator, categories = options.separator or ",", check_categories(kind, options.categories or {})
  if #separator ~= 1 or string.find("\"\r\n\0", separator, 1, true) or string.byte(separator) > 127 then core.fail("csv_separator", kind, separator) end
  local self = { kind = "csv", files = { options.file }, fields = {}, headings = {}, separator = string.byte(separator), missing = options.missing }
  local used = {}
  for name, item in pairs(data.field_options(options, known)) do csv_field(kind, self, name, item, categories) end
  if #self.fields == 0 then core.fail("field_missing", kind, "fields, such as x = { \"width\", \"height\" }, y = \"price\"") end
  for _, heading in ipairs(self.headings) do used[heading.name] = true end
  for column in pairs(categories) do
    if not used[column] then core.fail("csv_unused", kind, tostring(column)) end
  end
  self.classes = labelled(kind, options, self.fields, "y = { column = \"class\", dtype = \"i32\" }")
  self.rows = options.rows and core.count(kind, "rows", options.rows)
  return data.source(kind, options, self)
end
