"""Filtered distributions of a language model in PyTorch, f64: the cases of tests/train/layers/sampling.lua.

The definition is that of Holtzman et al. 2020 and of the usual PyTorch code (masked_fill by sorted positions), with what that leaves open said: equal
logits are taken in the order of their indices (a stable sort), k = 0 and p = 1 mean all, a temperature of 0 the largest, which always stays.

    python3 tests/oracle/library/sampling.py      (torch)
"""
import torch

from common import project, put, t, write

INF = float("inf")
TIES = [[1.0, 3.0, 3.0, 0.0, 3.0, 1.0, 1.0], [2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0]]
MASKED = [[0.5, -INF, 2.0, -INF, 1.0, 1.5, -INF], [-INF, -INF, -INF, 1.0, -INF, -INF, -INF]]


def only(x, at):
    """x where `at` names a position along the last dimension, else -inf; at: one list of positions a row."""
    keep = torch.zeros_like(x, dtype=torch.bool)
    for row, positions in enumerate(at):
        keep[row, positions] = True
    return x.masked_fill(~keep, -INF)


def filtered(x, temperature=1.0, k=0, p=1.0):
    if temperature == 0:
        temperature, k = 1.0, 1
    x = x / temperature
    if k > 0:
        x = only(x, torch.sort(x, dim=-1, descending=True, stable=True).indices[:, : min(k, x.shape[-1])])
    if p < 1:
        values, order = torch.sort(x, dim=-1, descending=True, stable=True)
        nuclei = []
        for row in range(x.shape[0]):
            probability, total, count = values[row].softmax(-1), 0.0, 0
            while count == 0 or total < p:
                total += probability[count].item()
                count += 1
            nuclei.append(order[row, :count])
        x = only(x, nuclei)
    return x


def case(name, x, **options):
    kept = filtered(x, **options)
    for given in ("", "_given"):
        put(name + given, "y", project(kept.softmax(-1), 50))
        put(name + given, "kept", (kept > -INF).sum())


x = t(4, (5, 37), 3, grad=False)
SETTINGS = {
    "plain": {},
    "warm": {"temperature": 1.7},
    "cold": {"temperature": 0.3},
    "greedy": {"temperature": 0.0, "k": 9, "p": 0.9},
    "k": {"k": 5},
    "k_one": {"k": 1},
    "k_all": {"k": 37},
    "k_more": {"k": 1000},
    "p": {"p": 0.81},
    "p_most": {"p": 0.997},
    "p_tiny": {"p": 1e-9},
    "p_zero": {"p": 0.0},
    "p_one": {"p": 1.0},
    "all": {"temperature": 0.7, "k": 12, "p": 0.77},
}
for name, options in SETTINGS.items():
    case(name, x, **options)
ties, masked = torch.tensor(TIES), torch.tensor(MASKED)
case("ties_k", ties, k=2)
case("ties_k_below", ties, k=4)
case("ties_p", ties, p=0.4)
case("ties_greedy", ties, temperature=0.0)
case("masked_k", masked, k=6)
case("masked_p", masked, p=0.6)
case("masked_both", masked, k=2, p=0.9, temperature=2.0)
write(__file__, f"torch {torch.__version__.split('+')[0]}")
