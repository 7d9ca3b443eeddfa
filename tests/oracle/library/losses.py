"""Losses in PyTorch, f64: values, first and second derivatives; those that PyTorch lacks by their papers' formulas; metrics by their definitions.

    python3 tests/oracle/library/losses.py      (numpy, torch)
"""
import math

import torch
import torch.nn.functional as F

from common import project, put, record, t, write

Y = torch.tensor([0, 4, 2, 2, 1, 3])
WEIGHT = (0.5, 2.0, 1.0, 0.25, 1.5)


def classes():
    z, w = t(5, (6, 5), 4.0), torch.tensor(WEIGHT)
    ignoring = torch.tensor([0, 4, -100, 2, -100, 3])
    options = {
        "": {},
        "_smooth": {"label_smoothing": 0.1},
        "_weight": {"weight": w},
        "_both": {"weight": w, "label_smoothing": 0.1},
        "_sum": {"reduction": "sum", "weight": w},
        "_none": {"reduction": "none", "label_smoothing": 0.3},
    }
    for name, o in options.items():
        record("cross_entropy" + name, F.cross_entropy(z, Y, **o), [z])
    for name, o in options.items():
        record("cross_entropy_ignore" + name, F.cross_entropy(z, ignoring, **o), [z])
        o = {k: v for k, v in o.items() if k != "label_smoothing"}
        record("nll" + name, F.nll_loss(F.log_softmax(z, 1), ignoring, **o), [z])
    p = torch.softmax(t(6, (6, 5)), 1).detach().requires_grad_()
    record("cross_entropy_soft", F.cross_entropy(z, p, weight=w, label_smoothing=0.1), [z, p])
    image, truth = t(7, (2, 3, 4, 5), 3.0), torch.arange(40).reshape(2, 4, 5) % 3
    record("cross_entropy_image", F.cross_entropy(image, truth), [image])
    for name, o in {"": {}, "_p2": {"p": 2, "margin": 0.7}, "_weight": {"weight": w, "reduction": "sum"}}.items():
        record("multi_margin" + name, F.multi_margin_loss(z, Y, **o), [z], second=False)
    far = t(8, (3, 5), 1e4)
    record("cross_entropy_far", F.cross_entropy(far, torch.tensor([0, 1, 4]), label_smoothing=0.1), [far])
    record("bce_logits_far", F.binary_cross_entropy_with_logits(far, t(9, (3, 5), 0.5, 0.5, False)), [far])


def binary():
    x, y = t(5, (4, 3), 4.0), t(6, (4, 3), 0.5, 0.5)
    w, pos = t(7, (3,), 0.5, 1.0, False), t(8, (3,), 0.5, 1.0, False)
    p = t(9, (4, 3), 0.49, 0.5)
    record("bce", F.binary_cross_entropy(p, y), [p, y])
    record("bce_weight", F.binary_cross_entropy(p, y, weight=w, reduction="sum"), [p])
    record("bce_logits", F.binary_cross_entropy_with_logits(x, y), [x, y])
    record("bce_logits_weight", F.binary_cross_entropy_with_logits(x, y, weight=w, pos_weight=pos, reduction="none"), [x])
    zero = torch.zeros(1, 3, requires_grad=True)
    record("bce_logits_zero", F.binary_cross_entropy_with_logits(zero, torch.tensor([[0.0, 1.0, 0.3]])), [zero])
    cut = torch.tensor([0.0, 1.0, 0.0, 1.0])
    put("bce_cut", "y", F.binary_cross_entropy(cut, torch.tensor([0.0, 1.0, 1.0, 0.25])))


def numbers():
    x, y = t(5, (4, 3), 2.0), t(6, (4, 3), 2.0)
    record("mse", F.mse_loss(x, y, reduction="sum"), [x, y])
    record("l1", F.l1_loss(x, y), [x, y])
    record("smooth_l1", F.smooth_l1_loss(x, y, beta=0.7), [x, y])
    record("huber", F.huber_loss(x, y, delta=0.7), [x, y])
    d = y - x
    record("quantile", torch.maximum(0.3 * d, -0.7 * d).mean(), [x, y])
    record("log_cosh", torch.log(torch.cosh(x - y)).mean(), [x, y])
    put("log_cosh_far", "y", 1e5 - math.log(2))
    a, b = t(8, (3, 1, 5), 3.0), t(9, (3, 1, 5), 3.0)
    record("mse_none", F.mse_loss(a, b, reduction="none"), [a, b])
    record("l1_sum", F.l1_loss(a, b, reduction="sum"), [a, b])
    record("smooth_l1_plain", F.smooth_l1_loss(a, b, reduction="none"), [a, b])
    record("huber_sum", F.huber_loss(a, b, reduction="sum"), [a, b])
    d = b - a
    record("quantile_none", torch.maximum(0.9 * d, -0.1 * d), [a, b])
    record("log_cosh_sum", torch.log(torch.cosh(a - b)).sum(), [a, b])
    v = t(7, (4, 3), 0.4, 0.5)
    record("gaussian_nll", F.gaussian_nll_loss(x, y, v), [x, y, v])
    record("gaussian_nll_full", F.gaussian_nll_loss(x, y, v, full=True, eps=0.5, reduction="none"), [x, y, v])
    counts = torch.tensor([[0.0, 1.0, 2.0], [3.0, 0.0, 7.0], [1.0, 1.0, 4.0], [2.0, 9.0, 0.0]])
    rate = t(8, (4, 3), 0.9, 1.0)
    record("poisson_nll", F.poisson_nll_loss(x, counts, full=True), [x])
    record("poisson_nll_rate", F.poisson_nll_loss(rate, counts, log_input=False, reduction="sum"), [rate])
    q, p = F.log_softmax(t(9, (4, 5)), 1).detach().requires_grad_(), F.softmax(t(10, (4, 5)), 1).detach().requires_grad_()
    record("kl_div", F.kl_div(q, p), [q, p])
    record("kl_div_batch", F.kl_div(q, p, reduction="batchmean"), [q, p])
    lp = p.log().detach().requires_grad_()
    record("kl_div_log", F.kl_div(q, lp, log_target=True, reduction="sum"), [q, lp])
    put("kl_div_zero", "y", F.kl_div(torch.tensor([-1.0, -2.0]), torch.tensor([0.0, 1.0]), reduction="sum"))


def overlaps():
    x, y = t(5, (3, 2, 4), 0.5, 0.5), (t(6, (3, 2, 4), grad=False) > 0).to(torch.get_default_dtype())
    xf, yf = x.reshape(3, -1), y.reshape(3, -1)

    def both():
        return (xf * yf).sum(1)

    record("dice", (1 - (2 * both() + 1) / (xf.sum(1) + yf.sum(1) + 1)).mean(), [x])
    xf = x.reshape(3, -1)
    record("dice_squared", (1 - (2 * both() + 0.1) / ((xf * xf).sum(1) + (yf * yf).sum(1) + 0.1)), [x])
    xf = x.reshape(3, -1)
    record("iou_loss_sum", (1 - (both() + 0.5) / (xf.sum(1) + yf.sum(1) - both() + 0.5)).sum(), [x])
    record("iou_loss", (1 - (both() + 1) / (xf.sum(1) + yf.sum(1) - both() + 1)).mean(), [x])


def vectors():
    a, p, n = t(5, (4, 6)), t(6, (4, 6)), t(7, (4, 6))
    record("triplet", F.triplet_margin_loss(a, p, n), [a, p, n])
    record("triplet_swap", F.triplet_margin_loss(a, p, n, margin=3.0, swap=True), [a, p, n])
    record("triplet_p1", F.triplet_margin_loss(a, p, n, margin=9.0, p=1), [a, p, n])
    record("triplet_p3", F.triplet_margin_loss(a, p, n, margin=9.0, p=3), [a, p, n])
    u, v = t(8, (3, 2, 5)), t(9, (3, 2, 5))
    for name, o in {"": {}, "_p1": {"p": 1, "eps": 0.0}, "_p3": {"p": 3.0, "eps": 0.1}}.items():
        record("pairwise" + name, F.pairwise_distance(u, v, **o), [u, v])
    sign = torch.tensor([1.0, -1.0, 1.0])
    record("cosine_embedding_sum", F.cosine_embedding_loss(u[:, 0], v[:, 0], sign, margin=0.2, reduction="sum"), [u, v])
    record("cosine_similarity_first", F.cosine_similarity(u, v, dim=0), [u, v])
    record("normalize_middle", F.normalize(u, dim=1), [u])
    d = (u - v).norm(dim=2)
    near = torch.tensor([[1.0, 0.0], [0.0, 0.0], [1.0, 1.0]])
    record("contrastive_none", 0.5 * (near * d**2 + (1 - near) * torch.clamp_min(1 - d, 0) ** 2), [u, v])
    record("hinge_sum", torch.clamp_min(1 - sign.reshape(3, 1, 1) * u, 0).sum(), [u])
    uh, vh = F.normalize(u[:, 0], dim=1), F.normalize(v[:, 0], dim=1)
    record("info_nce_none", F.cross_entropy(uh @ vh.T / 0.1, torch.arange(3), reduction="none"), [u, v])
    z = torch.cat([F.normalize(u[:, 0], dim=1), F.normalize(v[:, 0], dim=1)])
    scores = torch.exp(z @ z.T / 0.7) * (1 - torch.eye(6))
    record("nt_xent_none", -torch.log(torch.stack([scores[i, (i + 3) % 6] / scores[i].sum() for i in range(6)])), [u, v])
    y = torch.tensor([1.0, -1.0, -1.0, 1.0])
    record("cosine_embedding", F.cosine_embedding_loss(a, p, y, margin=-0.9), [a, p])
    record("cosine_similarity", F.cosine_similarity(a, p, dim=1), [a, p])
    record("normalize", F.normalize(a, dim=1), [a])
    d = (a - p).norm(dim=1)
    alike = torch.tensor([1.0, 0.0, 0.0, 1.0])
    record("contrastive", (0.5 * (alike * d**2 + (1 - alike) * torch.clamp_min(3 - d, 0) ** 2)).mean(), [a, p])
    y = torch.tensor([1.0, -1.0, 1.0, -1.0]).reshape(4, 1)
    record("hinge", torch.clamp_min(0.6 - y * a, 0).mean(), [a])
    ah, ph = F.normalize(a, dim=1), F.normalize(p, dim=1)
    record("info_nce", F.cross_entropy(ah @ ph.T / 0.2, torch.arange(4)), [a, p])
    ah, ph = F.normalize(a, dim=1), F.normalize(p, dim=1)
    z, total = torch.cat([ah, ph]), 0  # Chen et al. 2020, equation 1, term by term
    for i in range(8):
        j = (i + 4) % 8
        others = sum(torch.exp(z[i] @ z[k] / 0.5) for k in range(8) if k != i)
        total = total - torch.log(torch.exp(z[i] @ z[j] / 0.5) / others)
    record("nt_xent", total / 8, [a, p])


def metrics():
    scores("metrics", 40, 5, 7)
    scores("metrics_odd", 13, 3, 5)


def scores(case, rows, classes, length):
    x = t(5, (rows, classes), 1.0, 0.0, False)
    y = torch.tensor([(i * i + i // 3) % (classes - 1) for i in range(rows)])
    guess = x.argmax(1)
    put(case, "accuracy", (guess == y).double().mean())
    put(case, "top2", (x.topk(2, 1).indices == y[:, None]).any(1).double().mean())
    m = torch.zeros(classes, classes)
    for a, b in zip(y, guess):
        m[a, b] += 1
    put(case, "confusion", project(m, 50))
    hit, predicted, actual = m.diag(), m.sum(0), m.sum(1)
    present = (predicted + actual) > 0
    each = {
        "precision": (hit, predicted),
        "recall": (hit, actual),
        "f1": (2 * hit, predicted + actual),
        "iou": (hit, predicted + actual - hit),
    }
    for name, (a, b) in each.items():
        r = torch.where(b > 0, a / b.clamp_min(1), torch.zeros(classes))
        put(case, name + "_macro", r[present].mean())
        put(case, name + "_none", project(r, 50))
    put(case, "precision_micro", hit.sum() / m.sum())
    put(case, "iou_micro", hit.sum() / (2 * m.sum() - hit.sum()))
    put(case, "perplexity", F.cross_entropy(x, y).exp())
    p, q = t(6, (length, 2), grad=False), t(7, (length, 2), grad=False)
    put(case, "mae", (p - q).abs().mean())
    put(case, "rmse", ((p - q) ** 2).mean().sqrt())
    put(case, "r2", 1 - ((q - p) ** 2).sum() / ((q - q.mean()) ** 2).sum())


def main():
    for part in (classes, binary, numbers, overlaps, vectors, metrics):
        part()
    write(__file__, f"PyTorch {torch.__version__}")


if __name__ == "__main__":
    main()
