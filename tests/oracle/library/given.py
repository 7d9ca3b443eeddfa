"""100 updates of every optimizer by gradients that do not depend on the parameters, f64; the optimizers are those of updates.py. Nothing multiplies a
difference from step to step: what f32 is off is the arithmetic of the update. The rows "f32" say how far that goes in PyTorch and optax.

    python3 tests/oracle/library/given.py      (numpy, torch, jax, optax)
"""
import jax
import jax.numpy as jnp
import optax
import torch

from common import formula, project, put, t, write
from updates import OPTIMIZERS, SHAPES, STEPS, agc_out_in, torch_muon

O = torch.optim
MORE = {
    "sgd_nesterov": lambda p: O.SGD(p, lr=0.05, momentum=0.9, nesterov=True),
    "adam": lambda p: O.Adam(p, lr=0.01),
    "adam_decay": lambda p: O.Adam(p, lr=0.01, betas=(0.8, 0.99), eps=1e-6, weight_decay=0.01),
    "adamax_options": lambda p: O.Adamax(p, lr=0.02, betas=(0.8, 0.95), eps=1e-5),
    "adamw": lambda p: O.AdamW(p, lr=0.01, weight_decay=0.1),
}


def gradient(i, shape, k, dtype=torch.float64):
    a, b = k * 7 % 11 / 8 - 0.5, k * 5 % 13 / 8 - 0.75
    return (t(30 + i, shape, grad=False) * a + t(40 + i, shape, grad=False) * b).to(dtype)


def by_torch(make, prepare=None, dtype=torch.float64):
    p = [t(n, s).detach().to(dtype).requires_grad_() for n, s in SHAPES]
    optimizers = make(p)
    optimizers = optimizers if isinstance(optimizers, list) else [optimizers]
    for k in range(STEPS):
        for i, (_, shape) in enumerate(SHAPES):
            p[i].grad = gradient(i, shape, k, dtype)
        if prepare:
            prepare(p)
        for o in optimizers:
            o.step()
    return [project(q.detach().double(), 50 + i).item() for i, q in enumerate(p)]


def by_optax(transform, dtype=torch.float64):
    p = [jnp.asarray(t(n, s).detach().to(dtype).numpy()) for n, s in SHAPES]
    state, move = transform.init(p), jax.jit(transform.update)
    for k in range(STEPS):
        moves, state = move([jnp.asarray(gradient(i, s, k, dtype).numpy()) for i, (_, s) in enumerate(SHAPES)], state, p)
        p = optax.apply_updates(p, moves)
    return [float((q.astype(jnp.float64) * formula.tensor(50 + i, q.shape)).sum()) for i, q in enumerate(p)]


def case(name, compute, *arguments):
    exact, rounded = compute(*arguments), compute(*arguments, dtype=torch.float32)
    for i, value in enumerate(exact):
        put(name, f"p{i}", value, STEPS - 1)
    put(name, "f32", max(abs(a - b) / max(1, abs(a)) for a, b in zip(exact, rounded, strict=True)))


def main():
    torch_muon()
    for name, make in (OPTIMIZERS | MORE).items():
        case(name, by_torch, make)
    first = lambda p: O.SGD(p, lr=0.3, momentum=0.9)  # noqa: E731
    case("clip_value", by_torch, first, lambda p: torch.nn.utils.clip_grad_value_(p, 0.02))
    case("clip_norm", by_torch, first, lambda p: torch.nn.utils.clip_grad_norm_(p, 0.1))
    case("clip_value_large", by_torch, first, lambda p: torch.nn.utils.clip_grad_value_(p, 0.4))
    case("clip_norm_large", by_torch, first, lambda p: torch.nn.utils.clip_grad_norm_(p, 3.0))
    case("clip_adaptive_large", by_optax, optax.chain(agc_out_in(0.5), optax.sgd(0.3, momentum=0.9)))
    case("clip_adaptive", by_optax, optax.chain(agc_out_in(0.05), optax.sgd(0.3, momentum=0.9)))
    case("lion", by_optax, optax.lion(3e-3, weight_decay=0.0))
    case("lion_decay", by_optax, optax.lion(3e-3, b1=0.8, b2=0.9, weight_decay=0.1))
    case("lamb", by_optax, optax.lamb(0.02))
    case("lamb_decay", by_optax, optax.lamb(0.02, weight_decay=0.1, eps=1e-4))
    write(__file__, f"PyTorch {torch.__version__}, JAX {jax.__version__} and optax {optax.__version__}", f32=False)  # case did


if __name__ == "__main__":
    main()
