"""Activations in PyTorch, f64: values, first and second derivatives, also at their kinks.

    python3 tests/oracle/library/activations.py      (numpy, torch)
"""
import jax
import torch
import torch.nn.functional as F

from common import record, rows, t, write
from with_jax import both

def hardsigmoid(x):
    """torch has no second derivative of its own hardsigmoid, and the 1/6 of the first is rounded to f32: the definition stands in."""
    y, z = F.hardsigmoid(x), F.relu6(x + 3) / 6
    dy, dz = (torch.autograd.grad(v.sum(), x, retain_graph=True)[0] for v in (y, z))
    assert torch.allclose(dy, dz, 1e-7, 0) and torch.allclose(y, z, 1e-14, 1e-14)
    return z


CASES = {
    "relu": (F.relu, (0.0,)),
    "relu6": (F.relu6, (0.0, 6.0)),
    "leaky_relu": (lambda x: F.leaky_relu(x, 0.2), (0.0,)),
    "elu": (lambda x: F.elu(x, 0.7), (0.0,)),
    "selu": (F.selu, (0.0,)),
    "celu": (lambda x: F.celu(x, 0.5), (0.0,)),
    "gelu": (F.gelu, (0.0,)),
    "gelu_tanh": (lambda x: F.gelu(x, approximate="tanh"), (0.0,)),
    "silu": (F.silu, (0.0,)),
    "mish": (F.mish, (0.0,)),
    "sigmoid": (torch.sigmoid, (0.0,)),
    "tanh": (torch.tanh, (0.0,)),
    "softplus": (F.softplus, (0.0, 20.0)),
    "softplus_beta": (lambda x: F.softplus(x, 2.0, 3.0), (0.0, 1.5)),
    "softsign": (F.softsign, (0.0,)),
    "hardtanh": (lambda x: F.hardtanh(x, -0.5, 2.0), (-0.5, 2.0)),
    "hardsigmoid": (hardsigmoid, (-3.0, 3.0)),
    "hardswish": (F.hardswish, (-3.0, 3.0)),
    "logsigmoid": (F.logsigmoid, (0.0,)),
    "glu": (lambda x: F.glu(x, 1), None),
    "glu_first": (lambda x: F.glu(x, 0), None),
    "softmax": (lambda x: F.softmax(x, 1), (0.0,)),
    "softmax_first": (lambda x: F.softmax(x, 0), None),
    "softmin": (lambda x: F.softmin(x, 1), None),
    "log_softmax": (lambda x: F.log_softmax(x, 1), None),
    "logsumexp": (lambda x: torch.logsumexp(x, 1), None),
}
# Also by JAX, which must agree in value, first and second derivative.
IN_JAX = {
    "softmax": lambda x: jax.nn.softmax(x, 1),
    "log_softmax": lambda x: jax.nn.log_softmax(x, 1),
    "logsumexp": lambda x: jax.nn.logsumexp(x, 1),
    "gelu": lambda x: jax.nn.gelu(x, approximate=False),
}
# Their second derivative jumps at the kink, where it is a matter of taste: PyTorch takes 0 there, its own first derivative the other side.
JUMPS = ("elu", "selu", "celu", "softplus_beta")


def main():
    for name, (f, kinks) in CASES.items():
        x = t(4, (4, 6), 5.0)
        if name in IN_JAX:
            both(name, f(x), [x], IN_JAX[name], twin=name != "logsumexp")
        else:
            record(name, f(x), [x], twin=True)
        x = t(7, (2, 6, 3), 3.0)
        record(name + "_odd", f(x), [x], twin=name != "logsumexp")
        if kinks is not None:
            k = [v + d for v in kinks for d in (0.0, 0.5, -0.5)]
            x = torch.tensor([k], requires_grad=True)
            record(name + "_kink", f(x), [x], twin=True)
            if name in JUMPS:
                rows.pop()
        x = t(4, (4, 6), 600.0)  # far out: nothing overflows, nothing is NaN
        record(name + "_far", f(x), [x], twin=name != "logsumexp")
    x, one, many = t(4, (2, 3, 4), 2.0), t(5, (1,)), t(6, (3,))
    record("prelu", F.prelu(x, one), [x, one], twin=True)
    record("prelu_channels", F.prelu(x, many), [x, many], twin=True)
    write(__file__, f"PyTorch {torch.__version__} and JAX {jax.__version__}")


if __name__ == "__main__":
    main()
