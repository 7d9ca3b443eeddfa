"""L-BFGS with PyTorch's strong Wolfe search, f64: the loss before each step, the parameters behind it. Cases end before rounding decides (a search at the
minimum compares losses that differ in their last digit).

    python3 tests/oracle/library/lbfgs.py      (numpy, torch)
"""
import torch
import torch.nn.functional as F

from common import project, put, t, write

STEPS = 6


def run(case, parameters, loss, steps=STEPS, **options):
    opt = torch.optim.LBFGS(parameters, line_search_fn="strong_wolfe", **options)
    for k in range(steps):
        def closure():
            opt.zero_grad()
            value = loss(parameters, k)
            value.backward()
            return value

        put(case, "loss", opt.step(closure), k)
        for i, p in enumerate(parameters):
            put(case, f"p{i}", project(p.detach(), 50 + i), k)


def rosenbrock(p, _):
    x, y = p[0]
    return (1 - x) ** 2 + 100 * (y - x * x) ** 2


def waves(p, _):
    return sum(0.3 * i * (x * x).sum() - (5 * x).cos().sum() + (x * t(30 + i, tuple(x.shape), grad=False)).sum() for i, x in enumerate(p, 1))


def net(p, k):
    x, y = t(20, (8, 5), grad=False), t(21, (8, 2), grad=False) * (1.0 if k < 3 else 0.5)
    return F.mse_loss(F.linear(torch.tanh(F.linear(x, p[0], p[1])), p[2], p[3]), y)


def main():
    leaf = lambda *x: [torch.tensor(x).requires_grad_()]  # noqa: E731
    run("rosenbrock", leaf(-1.2, 1.0), rosenbrock, max_iter=6, max_eval=100)
    run("rosenbrock_long", leaf(3.0, -4.0), rosenbrock, lr=0.3, max_iter=4, history_size=2)
    run("waves", [t(10, (6,), 2.0), t(11, (2, 3), 2.0)], waves, max_iter=3, history_size=3)
    run("net", [t(10, (6, 5)), t(11, (6,)), t(12, (2, 6)), t(13, (2,))], net, max_iter=4, history_size=5)
    put("promise", "solved", 1.0, 0)
    write(__file__, f"PyTorch {torch.__version__}")


if __name__ == "__main__":
    main()
