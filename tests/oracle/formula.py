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


def fill(state):
    """A state_dict with the values that `tool_tensors fill` writes: weights of two dimensions and more within 1/sqrt(elements of a row), those of
    norms around 1, biases around 0; statistics stay. Tensors are numbered in the order of their names."""
    for t, name in enumerate(sorted(state)):
        shape = tuple(state[name].shape)
        if len(shape) > 1:
            values = tensor(t, shape, 1 / np.sqrt(np.prod(shape[1:])))
        elif name.endswith(("weight", "bias")):
            values = name.endswith("weight") + tensor(t, shape, 0.1)
        else:
            continue
        state[name].numpy()[...] = values


def projections(state):
    """What `tool_tensors project` prints: each tensor times the formula's, summed."""
    return {name: float((state[name].numpy() * tensor(t, tuple(state[name].shape))).sum()) for t, name in enumerate(sorted(state))}
