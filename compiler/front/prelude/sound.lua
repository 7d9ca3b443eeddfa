-- sound.lua: spectra of sounds: short-time Fourier transforms, mel filters, their logarithms. A transform is a product of the frames, which are a view of the
-- padded sound, with the matrix of the window times cosines and sines. What depends on no sound is f64 until it is rounded to the default float once;
-- functions compute it in each call, modules once, into buffers that are in no model file.
local nn, core = ...
local conv = core.conv

-- ---- frames and frequencies ----

local transform = { n_fft = "number", hop_length = "number", win_length = "number", center = "boolean" }

local function known_with(more)
  local known = {}
  for _, list in ipairs { transform, more } do
    for name, kind in pairs(list) do known[name] = kind end
  end
  return known
end

-- The options of a transform with their defaults, PyTorch's.
local function transform_options(what, options)
  if options.n_fft == nil then core.fail("field_missing", what, "n_fft, samples a frame") end
  local n = core.count(what, "n_fft", options.n_fft)
  if n > 32768 then core.fail("number_range", what, "n_fft", "at most 32768", n) end
  local o = { n_fft = n, bins = n // 2 + 1, center = options.center ~= false }
  o.hop = core.count(what, "hop_length", options.hop_length or math.max(1, n // 4))
  o.win = core.count(what, "win_length", options.win_length or n)
  if o.win > n then core.fail("number_range", what, "win_length", "at most n_fft, " .. n, o.win) end
  return o
end

-- Hann's window, periodic as torch.hann_window, in the middle of the frame: f64 [n_fft]
local function hann(o)
  local before = (o.n_fft - o.win) // 2
  local w = 0.5 - 0.5 * (nn.iota(o.win):cast("f64") * (2 * math.pi / o.win)):cos()
  return w:pad(1, before, o.n_fft - o.win - before)
end

-- [n_fft, 2, bins]: the window times cos and -sin of 2 pi n k / n_fft; n k modulo n_fft, so that no angle is large
local function basis(o)
  local n, k = nn.iota(o.n_fft):reshape { o.n_fft, 1 }, nn.iota(o.bins)
  local angle = ((n * k) % o.n_fft):cast("f64") * (2 * math.pi / o.n_fft)
  return (nn.stack({ angle:cos(), -angle:sin() }, 2) * hann(o):reshape { o.n_fft, 1, 1 }):cast(core.float())
end

-- x [.., L] to [.., frames, 2, bins]
local function transformed(what, x, o, matrix)
  core.tensor(what, x)
  if x.rank < 1 then core.fail("layer_input", what, "[.., L]", core.tensor_text(x)) end
  x = core.as_float(x)
  if o.center then x = conv.pad(what, x, 1, { o.n_fft // 2 }, { o.n_fft // 2 }, "reflect") end
  conv.check_fit(what, x, 1, { o.n_fft })
  local frames = x:window { dims = x.rank, size = o.n_fft, stride = o.hop }
  return frames:dot(matrix:cast(x.dtype), -1, 1)
end

-- [.., frames, bins] of that: the parts' squares added, or the roots of it
local function magnitudes(y, power)
  local squares = (y * y):sum(-2)
  return power == 2 and squares or core.root(squares)
end

local function power_of(what, options)
  local power = options.power or 2
  if power ~= 1 and power ~= 2 then core.fail("number_range", what, "power", "1 or 2", power) end
  return power
end

---@class nn.TransformOptions
---@field n_fft integer samples a frame, at most 32768
---@field hop_length? integer `nil`: a quarter of n_fft; samples from the beginning of a frame to that of the next
---@field win_length? integer `nil`: n_fft; of the window, which has zeros at both sides where it is shorter
---@field center? boolean `true`: frames have their middles at samples 0, hop_length, …: n_fft / 2 samples are mirrored at both ends; false: they begin there

--- Short-time Fourier transform by a periodic Hann window (torch.stft with window = torch.hann_window(win_length), one-sided): real and imaginary parts, as
--- torch.view_as_real gives them.
---@param x nn.Tensor [.., L]
---@param options nn.TransformOptions
---@return nn.Tensor [.., n_fft / 2 + 1, frames, 2]
function nn.stft(x, options)
  local o = transform_options("nn.stft", core.fields("nn.stft", options, transform))
  local y = transformed("nn.stft", x, o, basis(o))
  local axes = {}
  for d = 1, y.rank - 3 do axes[d] = d end
  for _, d in ipairs { y.rank, y.rank - 2, y.rank - 1 } do axes[#axes + 1] = d end
  return y:transpose(axes)
end

-- ---- spectrograms ----

local function spectrogram_options(what, options)
  options = core.fields(what, options, known_with { power = "number" })
  local o = transform_options(what, options)
  o.power = power_of(what, options)
  return o
end

---@class nn.SpectrogramOptions: nn.TransformOptions
---@field power? number `2`: squares; 1: magnitudes, whose gradient at 0 is 0

--- Powers of the frequencies of each frame: |[`nn.stft`](#nn.stft)|^power.
---@param x nn.Tensor [.., L]
---@param options nn.SpectrogramOptions
---@return nn.Tensor [.., n_fft / 2 + 1, frames]
function nn.spectrogram(x, options)
  local o = spectrogram_options("nn.spectrogram", options)
  return magnitudes(transformed("nn.spectrogram", x, o, basis(o)), o.power):transpose(-1, -2)
end

--- The same as a layer, whose matrix is computed once.
---@param options nn.SpectrogramOptions
---@return nn.Module
function nn.Spectrogram(options)
  local o = spectrogram_options("nn.Spectrogram", options)
  local self = { basis = nn.buffer({ o.n_fft, 2, o.bins }, function() return basis(o) end, nil, { saved = false }) }
  function self.forward(m, x) return magnitudes(transformed("nn.Spectrogram", x, o, m.basis), o.power):transpose(-1, -2) end
  return core.module(self, "nn.Spectrogram")
end

-- ---- mel filters ----

-- From hertz to mels and back: HTK's 2595 log10(1 + f / 700); Slaney's, even to 1000 Hz and logarithmic above.
local scales = {
  htk = { function(f) return 2595 * math.log(1 + f / 700, 10) end, function(m) return 700 * (10 ^ (m / 2595) - 1) end },
  slaney = {
    function(f) return f < 1000 and f * 3 / 200 or 15 + 27 * math.log(f / 1000) / math.log(6.4) end,
    function(m) return m < 15 and m * 200 / 3 or 1000 * math.exp((m - 15) * math.log(6.4) / 27) end,
  },
}

local filters = { n_mels = "number", sample_rate = "number", f_min = "number", f_max = "number", mel_scale = "string", norm = "string" }

-- The options of the filters with their defaults, those of torchaudio.
local function filter_options(what, options, bins)
  core.required(what, options, { "n_mels", "sample_rate" })
  local o = { bins = bins, mels = core.count(what, "n_mels", options.n_mels), rate = core.count(what, "sample_rate", options.sample_rate) }
  local scale = options.mel_scale or "htk"
  if not scales[scale] then core.fail("mode_unknown", what, scale, core.nearest(scale, { "htk", "slaney" })) end
  if options.norm ~= nil and options.norm ~= "slaney" then core.fail("mode_unknown", what, options.norm, core.nearest(options.norm, { "slaney" })) end
  o.scale, o.norm = scales[scale], options.norm
  o.high = core.range(what, "f_max", options.f_max or o.rate / 2, 1e-3, o.rate / 2, "above 0 and at most half of sample_rate")
  o.low = core.range(what, "f_min", options.f_min or 0, 0, o.high, "from 0 and below f_max")
  if o.low >= o.high then core.fail("number_range", what, "f_min", "from 0 and below f_max", o.low) end
  return o
end

-- f64 constant: the hertz of the ends and middles of the filters, n_mels + 2 points that lie evenly in mels
local function points(o)
  local list, from, to = {}, o.scale[1](o.low), o.scale[1](o.high)
  for i = 0, o.mels + 1 do list[i + 1] = o.scale[2](from + (to - from) * i / (o.mels + 1)) + 0.0 end
  return nn.constant(list, "f64")
end

-- f64 [bins, mels]: triangles over the frequencies 0 … rate / 2 of the bins
local function triangles(o)
  local at, n = points(o), o.mels
  local low, middle, high = at:slice(1, 1, n), at:slice(1, 2, n + 1), at:slice(1, 3, n + 2)
  local f = (nn.iota(o.bins):cast("f64") * (o.rate / 2 / math.max(1, o.bins - 1))):reshape { o.bins, 1 }
  local filter = nn.minimum((f - low) / (middle - low), (high - f) / (high - middle)):maximum(0.0)
  if o.norm then filter = filter * (2 / (high - low)) end
  return filter:cast(core.float())
end

---@class nn.MelOptions
---@field n_mels integer filters
---@field sample_rate integer samples a second
---@field f_min? number `0` hertz
---@field f_max? number `nil`: half of sample_rate
---@field mel_scale? "htk"|"slaney" `"htk"`
---@field norm? "slaney" `nil`; "slaney": each triangle has the area 1 over hertz; without it the height 1

--- Triangles that lie evenly on the mel scale, over the bins of a transform of n_freqs of them (torchaudio.functional.melscale_fbanks).
---@param n_freqs integer n_fft / 2 + 1
---@param options nn.MelOptions
---@return nn.Tensor [n_freqs, n_mels]
function nn.mel_filterbank(n_freqs, options)
  core.count("nn.mel_filterbank", "n_freqs", n_freqs)
  return triangles(filter_options("nn.mel_filterbank", core.fields("nn.mel_filterbank", options, filters), n_freqs))
end

-- ---- log-mel ----

local function log_mel_options(what, options)
  local known = known_with(filters)
  known.power, known.eps = "number", "number"
  options = core.fields(what, options, known)
  local o = transform_options(what, options)
  o.power, o.filter = power_of(what, options), filter_options(what, options, o.bins)
  o.eps = core.range(what, "eps", options.eps or 1e-6, 0, math.huge, "at least 0")
  return o
end

local function log_mel(what, x, o, matrix, filter)
  local y = magnitudes(transformed(what, x, o, matrix), o.power)
  return (y:dot(filter:cast(y.dtype), -1, 1) + o.eps):log():transpose(-1, -2)
end

---@class nn.LogMelOptions: nn.SpectrogramOptions
---@field n_mels integer filters
---@field sample_rate integer samples a second
---@field f_min? number `0` hertz
---@field f_max? number `nil`: half of sample_rate
---@field mel_scale? "htk"|"slaney" `"htk"`
---@field norm? "slaney" `nil`; as of [`nn.mel_filterbank`](#nn.mel_filterbank)
---@field eps? number `1e-6`

--- log(eps + filters · spectrogram), natural: [`nn.spectrogram`](#nn.spectrogram) by [`nn.mel_filterbank`](#nn.mel_filterbank).
---@param x nn.Tensor [.., L]
---@param options nn.LogMelOptions
---@return nn.Tensor [.., n_mels, frames]
function nn.log_mel(x, options)
  local o = log_mel_options("nn.log_mel", options)
  return log_mel("nn.log_mel", x, o, basis(o), triangles(o.filter))
end

--- The same as a layer, whose matrices are computed once. What to feed a net of convolutions from [`nn.data.wav`](#nn.data.wav).
---@param options nn.LogMelOptions
---@return nn.Module
function nn.LogMel(options)
  local o = log_mel_options("nn.LogMel", options)
  local self = { basis = nn.buffer({ o.n_fft, 2, o.bins }, function() return basis(o) end, nil, { saved = false }) }
  self.filters = nn.buffer({ o.bins, o.filter.mels }, function() return triangles(o.filter) end, nil, { saved = false })
  function self.forward(m, x) return log_mel("nn.LogMel", x, o, m.basis, m.filters) end
  return core.module(self, "nn.LogMel")
end
