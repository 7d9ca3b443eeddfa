"""What the library makes of scans, in f64. Stacked layers: the net written out layer by layer in PyTorch. CTC: the sum over all paths, by brute force, with
which PyTorch's loss and gradient must agree (it has no second derivative). Decoding: the definition, in Python; beams that hold every
prefix give each labelling's probability, which the sum over all paths is again.

    python3 tests/oracle/library/loops.py      (numpy, torch)
"""
import itertools

import torch
import torch.nn.functional as F

from common import agree, formula, project, put, record, t, write


def mixing(x, w1, b1, w2, b2):
    for k in range(w1.shape[0]):
        x = x + F.linear(torch.tanh(F.linear(x, w1[k], b1[k])), w2[k], b2[k])
    return x


def stacks():
    x = t(4, (5, 4))
    for case, n in (("stack", 3), ("stack_segments", 4)):
        inputs = [x, t(10, (n, 6, 4)), t(11, (n, 6)), t(12, (n, 4, 6)), t(13, (n, 4))]
        record(case, mixing(*inputs), inputs)
    w, b, scale, shift = inputs = [t(10, (3, 4, 4)), t(11, (3, 4)), t(12, (3, 4)), t(13, (3, 4))]
    mean, var, y = torch.zeros(3, 4), torch.ones(3, 4), x
    for k in range(3):
        y = F.batch_norm(F.linear(y, w[k], b[k]), mean[k], var[k], scale[k], shift[k], training=True)
    record("stack_norm", y, [x] + inputs)
    put("stack_norm", "s0", project(mean, 70))
    put("stack_norm", "s1", project(var, 71))


def collapse(path, blank):
    return [c for c, _ in itertools.groupby(path) if c != blank]


def brute_force(log_probs, target, blank):
    """-log of the sum over all paths that collapse to the target."""
    T, C = log_probs.shape
    paths = [p for p in itertools.product(range(C), repeat=T) if collapse(p, blank) == list(target)]
    if not paths:
        return torch.tensor(float("inf"))
    return -torch.logsumexp(log_probs[torch.arange(T), torch.tensor(paths)].sum(1), 0)


TARGETS, INPUTS, LENGTHS = [[1, 2, 2], [3, 1, 9], [2, -7, 9], [1, 1, 1]], [6, 5, 3, 5], [3, 2, 0, 3]


def ctc(case, targets=TARGETS, inputs=INPUTS, blank=0, reduction="mean", zero=False):
    x = t(4, (6, 4, 5), 2.0)
    lp = x.log_softmax(-1)
    rows = torch.stack([brute_force(lp[:inputs[n], n], targets[n][:LENGTHS[n]], blank) for n in range(4)])
    if zero:
        rows = torch.where(torch.isinf(rows), 0.0, rows)
    if reduction == "mean":
        y = (rows / torch.tensor(LENGTHS).clamp(min=1)).mean()
    else:
        y = rows.sum() if reduction == "sum" else rows
    ours = record(case, y, [x])
    padded = torch.tensor([row[:n] + [1 - min(blank, 1)] * (3 - n) for row, n in zip(targets, LENGTHS)])
    x = t(4, (6, 4, 5), 2.0)
    theirs = F.ctc_loss(x.log_softmax(-1), padded, torch.tensor(inputs), torch.tensor(LENGTHS), blank, reduction, zero)
    gradient = torch.autograd.grad(project(theirs, 50), [x])[0]
    agree(case, [project(theirs, 50).item(), project(gradient, 51).item()], ours[:2], 1e-12)


def decode(x, lengths, blank):
    T, N, _ = x.shape
    labels, counts = torch.full((N, T), -1.0), torch.zeros(N)
    for n in range(N):
        found = collapse(x[: lengths[n], n].argmax(-1).tolist(), blank)
        counts[n] = len(found)
        labels[n, : len(found)] = torch.tensor(found, dtype=labels.dtype)
    return labels, counts


def log_add(*values):
    return torch.logsumexp(torch.stack([torch.as_tensor(v) for v in values]), 0).item()


def beam_search(log_probs, width, blank):
    """Prefix beam search (Hannun et al. 2014, algorithm 1, without a language model): (prefix, log P), best first."""
    none = float("-inf")
    beams = {(): (0.0, none)}  # the prefix: log probabilities of its alignments that end in a blank, and that do not
    for row in log_probs.tolist():
        ahead = {}

        def put(prefix, in_blank, in_label):
            old = ahead.get(prefix, (none, none))
            ahead[prefix] = (log_add(old[0], in_blank), log_add(old[1], in_label))

        for prefix, (in_blank, in_label) in beams.items():
            both = log_add(in_blank, in_label)
            for c, score in enumerate(row):
                if c == blank:
                    put(prefix, both + score, none)
                elif prefix and c == prefix[-1]:
                    put(prefix, none, in_label + score)
                    put(prefix + (c,), none, in_blank + score)
                else:
                    put(prefix + (c,), none, both + score)
        beams = dict(sorted(((p, v) for p, v in ahead.items() if max(v) > none), key=lambda item: -log_add(*item[1]))[:width])
    return [(prefix, log_add(*v)) for prefix, v in beams.items()]


def beams_of(x, lengths, width, blank):
    T, N, _ = x.shape
    labels, counts, p = torch.full((N, width, T), -1.0), torch.zeros(N, width), torch.zeros(N, width)
    for n in range(N):
        for k, (prefix, log_p) in enumerate(beam_search(x[: lengths[n], n], width, blank)):
            labels[n, k, : len(prefix)], counts[n, k], p[n, k] = torch.tensor(prefix), len(prefix), torch.tensor(log_p).exp()
    return labels, counts, p


def beams():
    for case, width, lengths, blank in (("ctc_beam", 3, [7, 5, 0], 0), ("ctc_beam_blank", 4, [7, 7, 7], 3), ("ctc_beam_one", 1, [7, 7, 7], 0)):
        x = torch.as_tensor(formula.tensor(9, (7, 3, 4), 1.0)).log_softmax(-1)
        for name, number, y in zip(("labels", "lengths", "p"), (50, 51, 52), beams_of(x, lengths, width, blank)):
            put(case, name, project(y, number))
    x = torch.as_tensor(formula.tensor(9, (4, 2, 3), 1.0)).log_softmax(-1)
    _, _, p = beams_of(x, [4, 4], 40, 0)
    for n in range(2):
        labellings = {tuple(collapse(path, 0)) for path in itertools.product(range(3), repeat=4)}
        every = torch.stack(sorted((-brute_force(x[:, n], target, 0)).exp() for target in labellings)).flip(0)
        every = F.pad(every, (0, 40 - len(every)))
        agree("ctc_beam_all", [*p[n].tolist(), 1.0], [*every, every.sum()], 1e-12)
        put("ctc_beam_all", f"p{n}", project(every, 50))


def distance(a, b):
    """Levenshtein's distance by its recursion."""
    if not a or not b:
        return len(a) + len(b)
    return min(distance(a[1:], b) + 1, distance(a, b[1:]) + 1, distance(a[1:], b[1:]) + (a[0] != b[0]))


def distances():
    x, y = (((torch.as_tensor(formula.tensor(number, shape, 1.5)) + 1.5).floor()).int().tolist() for number, shape in ((7, (6, 5)), (8, (6, 6))))
    for n, (a, b) in enumerate(zip((5, 3, 0, 5, 2, 4), (6, 6, 4, 0, 2, 5))):
        put("edit_distance", f"r{n}", distance(x[n][:a], y[n][:b]))
    x, y = (((torch.as_tensor(formula.tensor(number, shape, 1.0)) + 1.0).floor()).int().tolist() for number, shape in ((5, (3, 7)), (6, (3, 3))))
    for n, (a, b) in enumerate(zip((7, 6, 1), (3, 1, 3))):
        put("edit_distance_odd", f"r{n}", distance(x[n][:a], y[n][:b]))


def main():
    stacks()
    ctc("ctc")
    ctc("ctc_sum", reduction="sum")
    ctc("ctc_none", reduction="none")
    ctc("ctc_blank", [[1, 0, 0], [3, 1, 9], [2, -7, 9], [1, 1, 0]], blank=4)
    ctc("ctc_zero", inputs=[3, 5, 3, 4], zero=True)
    lp = t(4, (6, 4, 5), 2.0, grad=False).log_softmax(-1)
    for n, inputs in enumerate([3, 5, 3, 4]):
        put("ctc_impossible", f"r{n}", brute_force(lp[:inputs, n], TARGETS[n][: LENGTHS[n]], 0))
    x = torch.as_tensor(formula.tensor(8, (9, 3, 3)))
    labels, counts = decode(x, [9, 7, 0], 0)
    put("ctc_decode", "labels", project(labels, 50))
    put("ctc_decode", "lengths", project(counts, 51))
    put("ctc_decode", "blank", project(decode(x, [9, 9, 9], 2)[0], 52))
    beams()
    distances()
    write(__file__, f"PyTorch {torch.__version__}")


if __name__ == "__main__":
    main()
