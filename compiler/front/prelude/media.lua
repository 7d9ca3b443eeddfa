-- media.lua: sources whose rows are files in folders: images and sounds, decoded when a batch takes them. What the reader of the built program delivers
-- is in runtime/media; it links libpng and libjpeg, or libsndfile, which a program without such a source does not.
local nn, core = ...
local data = core.data

-- y, where there are classes: a list of the folders' names, or how many there are.
local function set_classes(kind, classes, self)
  if classes == nil then return end
  self.fields[2] = { name = "y", dtype = "i32", shape = {}, read = data.keep }
  if type(classes) ~= "table" then
    self.classes = core.count(kind, "classes", classes)
    return
  end
  local seen = {}
  if core.kind(classes) or #classes == 0 then core.fail("class_names", kind, core.what(classes)) end
  for _, name in ipairs(classes) do
    if type(name) ~= "string" or name == "" or name:find("/", 1, true) or name:sub(1, 1) == "." then
      core.fail("class_names", kind, type(name) == "string" and "'" .. name .. "'" or core.what(name))
    end
    if seen[name] then core.fail("class_names", kind, "'" .. name .. "' twice") end
    seen[name] = true
  end
  self.classes = #classes
  self.headings = { { name = "folder", field = 1, at = 0, categories = classes } }
end

local function folder_source(kind, options, self)
  if not options.folder then core.fail("field_missing", kind, "folder, a path") end
  self.files = { options.folder }
  set_classes(kind, options.classes, self)
  self.rows = options.rows and core.count(kind, "rows", options.rows)
  return data.source(kind, options, self)
end

-- h, w of { h, w } or of a number for both
local function sides(kind, size)
  if type(size) == "number" then size = { size, size } end
  if type(size) ~= "table" or core.kind(size) or #size ~= 2 then core.fail("field_missing", kind, "size = { height, width } in pixels") end
  for _, side in ipairs(size) do
    core.count(kind, "a side of size", side)
    if side > 65536 then core.fail("number_range", kind, "a side of size", "at most 65536", side) end
  end
  return size[1], size[2]
end

---@class nn.ImagesOptions: nn.SourceOptions
---@field folder string a path
---@field size integer|integer[] height and width in pixels, or one number for both
---@field channels? integer `3`: red, green, blue; 1: grey
---@field classes? string[]|integer `nil`: no b.y; the names of the classes' folders, whose places are their labels, or the number of folders, whose labels go by their sorted names
---@field rows? integer `nil`: known when the program starts; with it nn.data.split takes numbers of rows

--- PNG and JPEG files, `folder/CLASS/*.png` (`.jpg`, `.jpeg`), or `folder/*.png` without classes, in the order of their names. `b.x` are floats 0 to 1
--- [batch, channels, h, w], `b.y` i32 [batch]. Each is resized to `size`, each axis by itself: means over areas where it shrinks, bilinear where it grows (as PyTorch's
--- `align_corners = False`), rounded to 8 bits. 16 bits become 8, palettes colours, transparency is left out, gamma and EXIF are not looked at; CMYK is
--- refused. Files are read again in every pass. Needs libpng and libjpeg where nnc is built.
---@param options nn.ImagesOptions
---@return nn.Source
function nn.data.images(options)
  local kind = "nn.data.images"
  options = core.fields(kind, options, data.with_common { folder = "string", size = "any", channels = "number", classes = "any", rows = "number" })
  local channels, h, w = options.channels or 3, sides(kind, options.size)
  if channels ~= 1 and channels ~= 3 then core.fail("number_range", kind, "channels", "1 or 3", channels) end
  return folder_source(kind, options, { kind = "images", fields = { { name = "x", dtype = "u8", shape = { channels, h, w }, read = data.pixels } } })
end

---@class nn.WavOptions: nn.SourceOptions
---@field folder string a path
---@field length integer samples a row: longer files are cut behind them, shorter ones have zeros behind theirs
---@field sample_rate integer samples a second of every file: nothing is resampled
---@field classes? string[]|integer `nil`: no b.y; as of [`nn.data.images`](#nn.data.images)
---@field rows? integer `nil`: known when the program starts; with it nn.data.split takes numbers of rows

--- WAV files, `folder/CLASS/*.wav`, or `folder/*.wav` without classes, in the order of their names. `b.x` is f32 [batch, length], `b.y` i32 [batch]. Samples of 8,
--- 16, 24 and 32 bits lie in [-1, 1), floats are as they are; of several channels the mean is taken. Files are read again in every pass. Needs
--- libsndfile where nnc is built.
---@param options nn.WavOptions
---@return nn.Source
function nn.data.wav(options)
  local kind = "nn.data.wav"
  options = core.fields(kind, options, data.with_common { folder = "string", length = "number", sample_rate = "number", classes = "any", rows = "number" })
  core.required(kind, options, { "length", "sample_rate" })
  local length = core.count(kind, "length", options.length)
  local self = { kind = "wav", hertz = core.count(kind, "sample_rate", options.sample_rate), fields = { { name = "x", dtype = "f32", shape = { length }, read = data.keep } } }
  return folder_source(kind, options, self)
end
