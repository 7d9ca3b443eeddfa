"""Transforms of sounds by torch.stft, f64, and mel filters by their definition (O'Shaughnessy 1987 as HTK has it; Slaney 1998), with first and second derivatives.

    python3 tests/oracle/library/sound.py      (numpy, torch)
"""
import math

import torch

from common import record, rows, t, write


def stft(x, n_fft, hop, win, center=True):
    window = torch.hann_window(win)
    return torch.stft(x, n_fft, hop, win, window, center=center, pad_mode="reflect", return_complex=True)


def mel(scale, f):
    if scale == "htk":
        return 2595 * math.log10(1 + f / 700)
    return f / (200 / 3) if f < 1000 else 15 + math.log(f / 1000) / (math.log(6.4) / 27)


def hertz(scale, m):
    if scale == "htk":
        return 700 * (10 ** (m / 2595) - 1)
    return m * (200 / 3) if m < 15 else 1000 * math.exp((math.log(6.4) / 27) * (m - 15))


def filters(n_freqs, n_mels, rate, low=0.0, high=None, scale="htk", norm=None):
    """fb[k][m]: the triangle m at the frequency of bin k, written out point by point"""
    high = rate / 2 if high is None else high
    a, b = mel(scale, low), mel(scale, high)
    at = [hertz(scale, a + (b - a) * i / (n_mels + 1)) for i in range(n_mels + 2)]
    fb = torch.zeros(n_freqs, n_mels)
    for k in range(n_freqs):
        f = rate / 2 * k / (n_freqs - 1)
        for m in range(n_mels):
            if at[m] < f <= at[m + 1]:
                fb[k, m] = (f - at[m]) / (at[m + 1] - at[m])
            elif at[m + 1] < f < at[m + 2]:
                fb[k, m] = (at[m + 2] - f) / (at[m + 2] - at[m + 1])
            if norm:
                fb[k, m] *= 2 / (at[m + 2] - at[m])
    return fb


def log_mel(x, n_fft, hop, win, fb, eps=1e-6):
    power = stft(x, n_fft, hop, win).abs() ** 2
    return torch.log(torch.einsum("...ft,fm->...mt", power, fb) + eps)


def main():
    x = t(4, (2, 37), 1.0)
    record("stft", torch.view_as_real(stft(x, 16, 4, 16)), [x])
    record("stft_odd", torch.view_as_real(stft(x, 15, 6, 9)), [x])
    record("stft_inside", torch.view_as_real(stft(x, 12, 5, 12, center=False)), [x])
    one = t(5, (50,), 1.0)
    record("stft_one", torch.view_as_real(stft(one, 32, 8, 20)), [one])
    record("spectrogram", stft(x, 16, 5, 12).abs() ** 2, [x])
    record("magnitude", stft(x, 16, 5, 12).abs(), [x])
    for name, fb in FILTERS.items():
        y = fb()
        c = t(6, tuple(y.shape))
        record("filters_" + name, y * c, [c])
    record("log_mel", log_mel(x, 16, 4, 16, filters(9, 4, 8000)), [x])
    record("log_mel_slaney", log_mel(x, 16, 4, 12, filters(9, 4, 8000, 100.0, 3500.0, "slaney", "slaney"), 1e-3), [x])
    write(__file__, f"PyTorch {torch.__version__}")


FILTERS = {
    "htk": lambda: filters(33, 8, 16000),
    "slaney": lambda: filters(33, 8, 16000, scale="slaney"),
    "norm": lambda: filters(65, 13, 8000, 60.0, 3900.0, "slaney", "slaney"),
}

if __name__ == "__main__":
    main()
