"""Numbers that both sides compute: PyTorch here, Lua in tests/train/layers/formula.lua, C in tests/train/tool_tensors.c.

Element i of tensor t is u * bound, u uniform-looking in [-1, 1): a 32-bit hash (the finaliser of MurmurHash3) of i and t, so
that weights, inputs and targets need no files. All in f64; the caller rounds to f32 where the run is f32.
"""
import numpy as np


def uniform(t, n):
    h = np.arange(n, dtype=np.uint64) * 0x9E3779B1 + (t + 1) * 0x7F4A7C15 & 0xFFFFFFFF
    h ^= h >> 16
    h = h * 0x85EBCA6B & 0xFFFFFFFF
    h ^= h >> 13
    h = h * 0xC2B2AE35 & 0xFFFFFFFF
    h ^= h >> 16
    return h.astype(np.float64) / 2.0**31 - 1.0


def tensor(t, shape, bound=1.0):
    return (uniform(t, int(np.prod(shape))) * bound).reshape(shape)
