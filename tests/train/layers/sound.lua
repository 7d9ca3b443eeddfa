-- sound.lua: transforms of sounds, mel filters and log-mel features with their first and second derivatives (tests/oracle/library/sound.py).
local nn = require "nn"
local formula, cases = require "formula", require "cases"
local tensor = formula.tensor

local function sound(name, f, shape, t)
  cases.add(name, function()
    local x = tensor(t or 4, shape or { 2, 37 })
    return f(x), { x }
  end)
end
sound("stft", function(x) return nn.stft(x, { n_fft = 16 }) end)
sound("stft_odd", function(x) return nn.stft(x, { n_fft = 15, hop_length = 6, win_length = 9 }) end)
sound("stft_inside", function(x) return nn.stft(x, { n_fft = 12, hop_length = 5, center = false }) end)
sound("stft_one", function(x) return nn.stft(x, { n_fft = 32, win_length = 20 }) end, { 50 }, 5)
local layer = nn.Spectrogram { n_fft = 16, hop_length = 5, win_length = 12 }
sound("spectrogram", function(x) return layer(x) end)
sound("magnitude", function(x) return nn.spectrogram(x, { n_fft = 16, hop_length = 5, win_length = 12, power = 1 }) end)

local function filters(name, bins, options)
  sound("filters_" .. name, function(c) return nn.mel_filterbank(bins, options) * c end, { bins, options.n_mels }, 6)
end
filters("htk", 33, { n_mels = 8, sample_rate = 16000 })
filters("slaney", 33, { n_mels = 8, sample_rate = 16000, mel_scale = "slaney" })
filters("norm", 65, { n_mels = 13, sample_rate = 8000, f_min = 60, f_max = 3900, mel_scale = "slaney", norm = "slaney" })

sound("log_mel", function(x) return nn.log_mel(x, { n_fft = 16, n_mels = 4, sample_rate = 8000 }) end)
local mel = nn.LogMel { n_fft = 16, hop_length = 4, win_length = 12, n_mels = 4, sample_rate = 8000, f_min = 100, f_max = 3500, mel_scale = "slaney", norm = "slaney", eps = 1e-3 }
sound("log_mel_slaney", function(x) return mel(x) end)
return cases.program("sound", { layer = layer, mel = mel })
