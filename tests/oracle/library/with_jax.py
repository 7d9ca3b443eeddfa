"""A case of common.py computed by JAX as well, which must agree with PyTorch."""
import jax
import jax.numpy as jnp

from common import agree, formula, record

jax.config.update("jax_enable_x64", True)


def jax_numbers(f, inputs):
    """The numbers of common.record by JAX: y, d<k>, e<k>."""
    inputs = [jnp.asarray(x.detach().numpy()) for x in inputs]

    def dot(y, number):
        return (y * formula.tensor(number, y.shape)).sum()

    def first(*a):
        return dot(f(*a), 50)

    def second(*a):
        return sum(dot(g, 51 + k) for k, g in enumerate(jax.grad(first, tuple(range(len(a))))(*a)))

    every = tuple(range(len(inputs)))
    d = [dot(g, 51 + k) for k, g in enumerate(jax.grad(first, every)(*inputs))]
    e = [dot(g, 61 + k) for k, g in enumerate(jax.grad(second, every)(*inputs))]
    return [first(*inputs)] + d + e


def both(case, y, inputs, f, twin=False):
    agree(case, record(case, y, inputs, twin=twin), jax_numbers(f, inputs))
