"""100 steps of every optimizer on one small net, f64: PyTorch's own; Lion and LAMB by optax; Muon is torch.optim.Muon with its bfloat16 iteration
in f64, its vectors by AdamW. Also clipping, groups, accumulation and the average of weights.

    python3 tests/oracle/library/updates.py      (numpy, torch, jax, optax)
"""
import importlib
import inspect

import jax
import jax.numpy as jnp
import optax
import torch
import torch.nn.functional as F

from common import formula, project, put, rows, t, write

jax.config.update("jax_enable_x64", True)
STEPS = 100
dtype, shaken = torch.float64, 0  # of the run: see twice
O = torch.optim
SHAPES = ((22, (6, 5)), (23, (6,)), (24, (2, 6)), (25, (2,)))


def net_loss(p, x, y):
    return F.mse_loss(F.linear(torch.tanh(F.linear(x, p[0], p[1])), p[2], p[3]), y)


def data(k=0, step=0):
    return initial(20 + 100 * k, (8, 5), step), initial(21 + 100 * k, (8, 2), step)


def run(name, make, prepare=None, after=None, times=1, ends=None):
    p = [initial(n, s).requires_grad_() for n, s in SHAPES]
    optimizers = make(p)
    optimizers = optimizers if isinstance(optimizers, list) else [optimizers]
    for k in range(STEPS):
        x, y = data(k % times, k)
        loss = net_loss(p, x, y)
        put(name, "loss", loss, k)
        if k % times == 0:
            for o in optimizers:
                o.zero_grad()
        (loss / times).backward()
        if k % times < times - 1:
            continue
        if prepare:
            prepare(p)
        for o in optimizers:
            o.step()
        if after:
            after(p)
    for k, q in enumerate(p):
        put(ends or name, f"p{k}", project(q, 50 + k), STEPS - 1)


def torch_muon():
    """torch.optim.Muon with f64 in place of the bfloat16 of its iteration."""
    module = importlib.import_module("torch.optim._muon")
    source = inspect.getsource(module._zeropower_via_newtonschulz)
    assert source.count("torch.bfloat16") == 1
    exec(source.replace("torch.bfloat16", "torch.float64"), module.__dict__)


def muon(p, **options):
    return [O.Muon([q for q in p if q.ndim == 2], lr=0.02, **options), O.AdamW([q for q in p if q.ndim != 2], lr=0.02, weight_decay=0.1)]


OPTIMIZERS = {
    "sgd_dampening": lambda p: O.SGD(p, lr=0.05, momentum=0.9, dampening=0.3, weight_decay=0.01),
    "adagrad": lambda p: O.Adagrad(p, lr=0.1),
    "adagrad_options": lambda p: O.Adagrad(p, lr=0.1, lr_decay=0.01, weight_decay=0.01, initial_accumulator_value=0.1, eps=1e-6),
    "rmsprop": lambda p: O.RMSprop(p, lr=0.01),
    "rmsprop_options": lambda p: O.RMSprop(p, lr=0.01, alpha=0.9, momentum=0.9, centered=True, weight_decay=0.01, eps=1e-5),
    "adadelta": lambda p: O.Adadelta(p),
    "adadelta_options": lambda p: O.Adadelta(p, lr=0.5, rho=0.8, eps=1e-4, weight_decay=0.01),
    "adam_amsgrad": lambda p: O.Adam(p, lr=0.01, amsgrad=True),
    "adamw_amsgrad": lambda p: O.AdamW(p, lr=0.01, amsgrad=True, weight_decay=0.1),
    "adamax": lambda p: O.Adamax(p, lr=0.01, weight_decay=0.01),
    "nadam": lambda p: O.NAdam(p, lr=0.01),
    "nadam_options": lambda p: O.NAdam(p, lr=0.01, weight_decay=0.1, momentum_decay=0.01, decoupled_weight_decay=True),
    "radam": lambda p: O.RAdam(p, lr=0.01, betas=(0.9, 0.99)),
    "radam_decay": lambda p: O.RAdam(p, lr=0.01, weight_decay=0.01),
    "adafactor": lambda p: O.Adafactor(p, lr=0.05),
    "adafactor_options": lambda p: O.Adafactor(p, lr=0.1, beta2_decay=-0.5, eps=(1e-6, 1e-2), d=1.5, weight_decay=0.01),
    "muon": lambda p: muon(p),
    "muon_options": lambda p: muon(p, momentum=0.9, nesterov=False, adjust_lr_fn="match_rms_adamw", ns_steps=3),
    "groups": lambda p: O.Adam([{"params": [p[0]], "lr": 0.02}, {"params": [p[1], p[2]], "weight_decay": 0.1, "betas": (0.8, 0.9)}, {"params": [p[3]]}], lr=0.01),
    "frozen": lambda p: O.Adam(p[2:], lr=0.01),
}


def by_optax(name, transform):
    p = [jnp.asarray(initial(n, s).numpy()) for n, s in SHAPES]

    def loss(p, x, y):
        return ((jnp.tanh(x @ p[0].T + p[1]) @ p[2].T + p[3] - y) ** 2).mean()

    gradient, move, state = jax.jit(jax.value_and_grad(loss)), jax.jit(transform.update), transform.init(p)
    for k in range(STEPS):
        value, g = gradient(p, *(jnp.asarray(v.numpy()) for v in data(0, k)))
        put(name, "loss", float(value), k)
        moves, state = move(g, state, p)
        p = optax.apply_updates(p, moves)
    for k, q in enumerate(p):
        put(name, f"p{k}", float((q * formula.tensor(50 + k, q.shape)).sum()), STEPS - 1)


def twice(name, case, *arguments, **options):
    """The case in f64, and a row "f32": how far f32 may take it. That is the largest difference (of max(1, |value|)) from it of the same code in
    f32, and in f64 when the first weights, and the data of every step, are off by up to half a unit of f32's last place: some trajectories multiply
    such differences by 1000.
    """
    global dtype, shaken
    exact = one_run(name, case, arguments, options)
    rows.extend(exact)
    far = 0
    for shaken in range(4):
        dtype = torch.float64 if shaken else torch.float32
        other = one_run(name, case, arguments, options)
        far = max([far] + [abs(a[3] - b[3]) / max(1, abs(a[3])) for a, b in zip(exact, other, strict=True)])
    dtype, shaken = torch.float64, 0
    put(name, "f32", far)


def one_run(name, case, arguments, options):
    start = len(rows)
    case(name, *arguments, **options)
    made = rows[start:]
    del rows[start:]
    return made


def initial(n, shape, step=0):
    x = t(n, shape).detach()
    if shaken:
        x = x * (1 + 2.0**-24 * t(10000 * step + 1000 * shaken + n, shape).detach())
    return x.to(dtype)


def averages(name, decay, make):
    decay = O.swa_utils.get_ema_multi_avg_fn(decay)
    average = None

    def after(p):
        nonlocal average
        if average is None:
            average = [q.detach().clone() for q in p]
        else:
            decay(average, [q.detach() for q in p], None)
        for k, q in enumerate(average):
            put(name, f"a{k}", project(q, 50 + k), len(seen))
        seen.append(0)

    seen = []
    run(name, make, after=after)


def main():
    torch_muon()
    for name, make in OPTIMIZERS.items():
        twice(name, run, make)
    first = lambda p: O.SGD(p, lr=0.3, momentum=0.9)  # noqa: E731
    twice("clip_value", run, first, lambda p: torch.nn.utils.clip_grad_value_(p, 0.02))
    twice("clip_norm", run, first, lambda p: torch.nn.utils.clip_grad_norm_(p, 0.1))
    # optax takes weights as [in, out]: the unit's axis is the first there and the last here
    twice("clip_adaptive", by_optax, optax.chain(agc_out_in(0.05), optax.sgd(0.3, momentum=0.9)))
    twice("accumulate", run, lambda p: O.Adam(p, lr=0.02), times=4, ends="after")
    twice("ema", averages, 0.9, lambda p: O.SGD(p, lr=0.1))
    twice("ema_slow", averages, 0.999, lambda p: O.Adam(p, lr=0.02))
    twice("lion", by_optax, optax.lion(3e-3, weight_decay=0.0))
    twice("lion_decay", by_optax, optax.lion(3e-3, b1=0.8, b2=0.9, weight_decay=0.1))
    twice("lamb", by_optax, optax.lamb(0.02))
    twice("lamb_decay", by_optax, optax.lamb(0.02, weight_decay=0.1, eps=1e-4))
    write(__file__, f"PyTorch {torch.__version__}, JAX {jax.__version__} and optax {optax.__version__}", f32=False)  # twice did


def agc_out_in(clipping):
    inner = optax.adaptive_grad_clip(clipping)

    def update(g, state, p):
        flip = lambda list_: [v.T for v in list_]  # noqa: E731
        moves, state = inner.update(flip(g), state, flip(p))
        return flip(moves), state

    return optax.GradientTransformation(inner.init, update)


if __name__ == "__main__":
    main()
