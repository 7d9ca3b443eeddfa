"""Corner values in PyTorch, f64: what functions and their first and second derivatives are where a formula has no derivative, or none that is finite.
Second derivatives that are NaN in PyTorch are not stored; where the library promises 0 for them (docs/library.md), the promise is.

    python3 tests/oracle/library/corners.py      (numpy, torch)
"""
import math

import torch
import torch.nn.functional as F

from common import RUN, put, record, write

INF = math.inf
# name: (f, the values of its tensors, what is stored of second derivatives: "torch", None, or 0 for a promised 0)
CORNERS = {
    "norm_zero": (lambda x: x.norm().reshape(1), [[0.0, -0.0, 0.0]], 0),
    "norm_rows": (lambda x: x.norm(dim=1), [[[0.0, 2.0], [3.0, -4.0]]], "torch"),
    "norm_row_zero": (lambda x: x.norm(dim=1), [[[0.0, 0.0], [3.0, 4.0]]], None),
    "norm_one": (lambda x: x.norm(p=1, dim=1), [[[0.0, 0.0], [3.0, -4.0], [0.0, -2.0]]], 0),
    "norm_most": (lambda x: x.norm(p=INF, dim=1), [[[0.0, 0.0], [3.0, -4.0], [0.0, -2.0]]], 0),
    "abs": (torch.abs, [[0.0, -0.0, 1.0, -2.0]], 0),
    "sqrt": (torch.sqrt, [[0.0, 4.0]], "torch"),
    "rsqrt": (torch.rsqrt, [[0.0, 4.0]], "torch"),
    "log": (torch.log, [[0.0, 4.0]], "torch"),
    "var": (lambda x: x.var(1), [[[1.0, 1.0, 1.0], [1.0, 2.0, 4.0]]], "torch"),
    "var_biased": (lambda x: x.var(0, correction=0), [[[1.0, 1.0, 1.0], [1.0, 2.0, 4.0]]], "torch"),
    "hardtanh": (lambda x: F.hardtanh(x, 0, 1), [[0.0, 1.0, -1.0, 2.0, 0.5]], "torch"),
    "clamp": (lambda x: x.clamp(0, 1), [[0.0, 1.0, -1.0, 2.0, 0.5]], 0),
    "relu": (F.relu, [[0.0, -0.0, 1.0]], "torch"),
    "maximum": (torch.maximum, [[0.0, 1.0, 2.0], [0.0, 2.0, 1.0]], 0),
    "minimum": (torch.minimum, [[0.0, 1.0, 2.0], [0.0, 2.0, 1.0]], 0),
    "max": (lambda x: x.max(1).values, [[[1.0, 1.0, 0.0], [2.0, 3.0, 3.0]]], 0),
    "min": (lambda x: x.min(0).values, [[[1.0, 1.0, 0.0], [2.0, 1.0, 0.0]]], 0),
    "prod": (lambda x: x.prod(1), [[[0.0, 2.0, 3.0], [0.0, 0.0, 3.0], [1.0, 2.0, 3.0]]], "torch"),
    "cumprod": (lambda x: x.cumprod(1), [[[0.0, 2.0, 3.0], [0.0, 0.0, 3.0], [1.0, 2.0, 3.0]]], "torch"),
    "square": (lambda x: x**2, [[0.0, -1.0, -0.0]], "torch"),
    "root": (lambda x: x**0.5, [[0.0, 4.0]], "torch"),
    "power_zero": (lambda x: x**0.0, [[0.0, 2.0]], 0),
    "power_one": (lambda x: x**1.0, [[0.0, -2.0]], "torch"),
    "pow": (torch.pow, [[0.0, 0.0, 0.0, 2.0], [0.0, 1.0, 2.0, 0.0]], None),
    "modulus": (torch.remainder, [[4.0, -4.0, 5.0], [2.0, 2.0, -2.5]], "torch"),
    "cosine_zero": (lambda x, y: F.cosine_similarity(x, y, dim=1), [[[0.0, 0.0], [3.0, 4.0], [0.0, 0.0]], [[1.0, 2.0], [0.0, 0.0], [0.0, 0.0]]], None),
    "normalize_zero": (lambda x: F.normalize(x, dim=1, eps=1e-3), [[[0.0, 0.0], [3.0, 4.0]]], None),
    "normalize_small": (lambda x: F.normalize(x, dim=1, eps=1e-3), [[[3e-4, 4e-4], [3.0, 4.0]]], "torch"),
    "pairwise": (lambda x, y: F.pairwise_distance(x, y, eps=1e-3), [[[1.0, 2.0], [3.0, 4.0]], [[1.0, 2.0], [0.0, 1.0]]], "torch"),
    "pairwise_equal": (lambda x, y: F.pairwise_distance(x, y, eps=0), [[[1.0, 2.0], [3.0, 4.0]], [[1.0, 2.0], [3.0, 4.0]]], 0),
    "pairwise_p1": (lambda x, y: F.pairwise_distance(x, y, p=1, eps=0), [[[1.0, 2.0], [3.0, 4.0]], [[1.0, 2.0], [3.0, 1.0]]], 0),
    "pairwise_p3": (lambda x, y: F.pairwise_distance(x, y, p=3, eps=0), [[[1.0, 2.0], [3.0, 5.0]], [[1.0, 2.0], [3.0, 1.0]]], "torch"),
    "pairwise_p15": (lambda x, y: F.pairwise_distance(x, y, p=1.5, eps=0), [[[1.0, 2.0], [3.0, 5.0]], [[1.0, 2.0], [3.0, 1.0]]], 0),
    "pairwise_p05": (lambda x, y: F.pairwise_distance(x, y, p=0.5, eps=0), [[[1.0, 2.0], [3.0, 5.0]], [[1.0, 2.0], [3.0, 1.0]]], 0),
    "pairwise_most": (lambda x, y: F.pairwise_distance(x, y, p=INF, eps=0), [[[1.0, 2.0], [3.0, 5.0]], [[1.0, 2.0], [3.0, 1.0]]], 0),
    "logsumexp_part": (lambda x: x.logsumexp(1), [[[-INF, 1.0], [0.0, 1.0]]], "torch"),
    "softmax_part": (lambda x: x.softmax(1), [[[-INF, 1.0], [0.0, 1.0]]], "torch"),
    "layer_norm_equal": (lambda x: F.layer_norm(x, (3,)), [[[1.0, 1.0, 1.0], [0.0, 0.0, 0.0]]], "torch"),
    "rms_norm_zero": (lambda x: F.rms_norm(x, (3,), eps=1e-4), [[[1.0, 1.0, 1.0], [0.0, 0.0, 0.0]]], "torch"),
    "l1": (lambda x, y: F.l1_loss(x, y, reduction="none"), [[0.0, 1.0, -2.0], [0.0, 1.0, 1.0]], 0),
    "huber": (lambda x, y: F.huber_loss(x, y, delta=0.5, reduction="none"), [[0.0, 0.5, -0.5, 1.0, -1.0], [0.0] * 5], None),
    "smooth_l1": (lambda x, y: F.smooth_l1_loss(x, y, beta=0.5, reduction="none"), [[0.0, 0.5, -0.5, 1.0, -1.0], [0.0] * 5], "torch"),
    "multi_margin": (lambda x: F.multi_margin_loss(x, torch.tensor([0, 1]), reduction="none"), [[[1.0, 0.0, 3.0], [1.0, 1.0, 0.0]]], None),
    "gaussian_nll": (lambda x, v: F.gaussian_nll_loss(x, torch.zeros(3), v, eps=0.5, reduction="none"), [[1.0, 1.0, 2.0], [0.5, 0.25, 1.0]], "torch"),
    "triplet_equal": (
        lambda a, p, n: F.triplet_margin_loss(a, p, n, eps=0.0, reduction="none"),
        [[[1.0, 2.0], [1.0, 2.0]], [[1.0, 2.0], [1.0, 3.0]], [[1.0, 2.0], [1.0, 4.0]]],
        None,
    ),
    "magnitude_silent": (
        lambda x: torch.stft(x, 8, 8, 8, torch.hann_window(8), center=False, return_complex=True).abs(),
        [[0.0] * 8 + [1.0, -2.0, 0.5, 3.0, -1.0, 0.25, 2.0, 1.5]],
        None,
    ),
    "prelu": (F.prelu, [[0.0, -1.0, 1.0], [0.3]], None),
    "sort": (lambda x: torch.sort(x, dim=0, stable=True).values, [[1.0, 0.0, 1.0, 0.0]], 0),
}


def corner(name, f, values, second):
    inputs = [torch.tensor(v, requires_grad=True) for v in values]
    record(name, f(*inputs), inputs, second=second == "torch")
    if second == 0:
        for k in range(len(inputs)):
            put(name, f"e{k}", 0.0)


def infinite():
    """Values where PyTorch's gradients are NaN, and ours."""
    for name, row in (("none", [-INF, -INF]), ("one", [INF, 1.0])):
        put("logsumexp_" + name, "y", torch.tensor(row).logsumexp(0))
    put("softmax_none", "y", torch.tensor([-INF, -INF]).softmax(0).sum())


def log_cut(x):
    return torch.where(x >= math.exp(-100), x.clamp_min(math.exp(-100)).log(), -100.0)


def binary():
    """At probabilities of 0 and 1: the value is PyTorch's; the derivatives are those of what is computed, and 0 where a logarithm is cut at -100. PyTorch
    divides x - y by max(x (1 - x), 1e-12) instead."""
    x, y = torch.tensor([0.0, 1.0, 0.0, 1.0, 0.5], requires_grad=True), torch.tensor([0.0, 1.0, 1.0, 0.25, 0.25])
    value = -(y * log_cut(x) + (1 - y) * log_cut(1 - x))
    assert torch.equal(value, F.binary_cross_entropy(x, y, reduction="none"))
    record("bce", value, [x])


def cosine_embedding():
    """PyTorch rounds its 1e-12 to f32, which is 2e-9 of the gradient by a row of zeros: the formula stands in."""
    a = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 0.0]], requires_grad=True)
    b = torch.tensor([[1.0, 2.0], [0.0, 1.0], [1.0, 1.0]], requires_grad=True)
    sign = torch.tensor([1.0, -1.0, -1.0])
    cosine = (a * b).sum(1) / (((a * a).sum(1) + 1e-12) * ((b * b).sum(1) + 1e-12)).sqrt()
    ours, theirs = torch.where(sign > 0, 1 - cosine, F.relu(cosine)), F.cosine_embedding_loss(a, b, sign, reduction="none")
    for y, other in zip(*([v, *torch.autograd.grad(v.sum(), [a, b], retain_graph=True)] for v in (ours, theirs))):
        assert RUN or torch.allclose(y, other, 1e-8, 1e-8)
    record("cosine_embedding_zero", ours, [a, b], second=False)


def main():
    for name, (f, values, second) in CORNERS.items():
        corner(name, f, values, second)
    infinite()
    binary()
    cosine_embedding()
    write(__file__, f"PyTorch {torch.__version__}")


if __name__ == "__main__":
    main()
