"""Norms of weights, gradients and updates of every parameter under nn.train { watch }, in PyTorch, f64: Adam with a bound on the common norm (gradients
are read before it), and SGD that moves in every second call by the mean of two.

    python3 tests/oracle/library/watch.py      (numpy, torch)
"""
import torch
import torch.nn.functional as F

from common import put, t, write

SHAPES = (("0", 22, (6, 5)), ("1", 23, (6,)), ("2", 24, (2, 6)), ("3", 25, (2,)))
STEPS = 6


def run(case, make, times=1, clip=None, zero=()):
    p = {name: (t(n, shape).detach() * (name not in zero)).requires_grad_() for name, n, shape in SHAPES}
    optimizer = make(p.values())
    sums = {name: torch.zeros_like(q) for name, q in p.items()}
    for step in range(STEPS):
        loss = F.mse_loss(F.linear(torch.tanh(F.linear(t(20, (8, 5), grad=False), p["0"], p["1"])), p["2"], p["3"]), t(21, (8, 2), grad=False))
        gradients = dict(zip(p, torch.autograd.grad(loss, list(p.values()))))
        before = {name: q.detach().clone() for name, q in p.items()}
        for name, q in p.items():
            sums[name] += gradients[name] / times
            q.grad = sums[name].clone()
        if (step + 1) % times == 0:
            if clip:
                torch.nn.utils.clip_grad_norm_(list(p.values()), clip)
            optimizer.step()
            sums = {name: torch.zeros_like(q) for name, q in p.items()}
        put(case, "loss", loss, step)
        for name, q in p.items():
            weight, update = before[name].norm(), (q.detach() - before[name]).norm()
            put(case, f"weight.{case}.{name}", weight, step)
            put(case, f"gradient.{case}.{name}", gradients[name].norm(), step)
            put(case, f"update.{case}.{name}", update, step)
            put(case, f"ratio.{case}.{name}", update / weight if weight > 0 else 0.0, step)


run("clipped", lambda p: torch.optim.Adam(p, lr=0.02), clip=0.05, zero=("1", "3"))
run("accumulated", lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9), times=2)
write(__file__, f"torch {torch.__version__}", f32=False)
