"""What the scripts of this folder share: inputs by formula.py, projections, and the file they write.

A case is (name, y, inputs): y's projection, the projections d<k> of its gradient by each input, and e<k> of the gradient of the sum of the d<k>: first
and second derivatives in a handful of numbers that see every element. tests/train/layers/cases.lua does the same with nnc.

All is in f64. write() runs the script four times more, in f32 and in f64 with inputs that are off by up to half a unit of f32's last place, and adds a
row for each case: by how much that moves its numbers.
"""
import os
import subprocess
import sys
import tempfile

import torch

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import formula  # noqa: E402

RUN = os.environ.get("NNC_ORACLE_RUN", "")  # of the runs of write(): "0" in f32, "1" … "3" with other inputs; NNC_ORACLE_ROWS says where the rows go
torch.set_default_dtype(torch.float32 if RUN == "0" else torch.float64)
torch.set_num_threads(1)
rows = []


def t(number, shape, bound=1.0, plus=0.0, grad=True):
    values = formula.tensor(number, shape, bound) + plus
    if RUN not in ("", "0"):
        values = values * (1 + 2.0**-24 * formula.tensor(number + 1000 * int(RUN), shape))
    values = torch.as_tensor(values)
    return values.to(torch.get_default_dtype()).requires_grad_(grad)


def project(y, number):
    return (y * t(number, tuple(y.shape), grad=False)).sum()


def put(case, output, value, step=0):
    rows.append((case, output, step, value.item() if hasattr(value, "item") else float(value)))


def record(case, y, inputs, second=True, twin=False):
    """Writes the case, and gives back the list of its numbers for comparison with another framework. second=False: where torch has no second derivative.
    twin: nnc computes the case by two of its functions, which must agree in every bit."""
    loss = project(y, 50)
    first = torch.autograd.grad(loss, inputs, create_graph=True)
    d = [project(g, 51 + k) for k, g in enumerate(first)]
    total = sum(d)
    curved = [None] * len(inputs)
    if second and total.requires_grad:
        curved = torch.autograd.grad(total, inputs, allow_unused=True)
    e = [project(torch.zeros_like(x) if g is None else g, 61 + k) for k, (g, x) in enumerate(zip(curved, inputs))]
    put(case, "y", loss)
    if twin:
        put(case, "same", 0.0)
    for name, values in (("d", d), ("e", e if second else [])):
        for k, value in enumerate(values):
            put(case, f"{name}{k}", value)
    return [loss.item()] + [v.item() for v in d + e]


def agree(case, ours, theirs, limit=1e-10):
    for a, b in zip(ours, theirs, strict=True):
        assert RUN or abs(a - float(b)) <= limit * max(1, abs(a)), (case, ours, theirs)


def write_rows(path, head):
    with open(path, "w") as out:
        out.write(head)
        for case, output, step, value in rows:
            out.write(f"{case}\t{output}\t{step}\t{value:.17g}\n")


def other_run(script, number):
    with tempfile.NamedTemporaryFile() as file:
        subprocess.run([sys.executable, script], env={**os.environ, "NNC_ORACLE_RUN": number, "NNC_ORACLE_ROWS": file.name}, check=True)
        with open(file.name) as lines:
            return [line.rstrip("\n").split("\t") for line in lines]


def add_f32(script):
    """Rows (case, "f32", 0, x): the largest difference / max(1, |value|) of the other runs, over the case's finite numbers."""
    off = {}
    for number in "0123":
        for (case, output, step, value), other in zip(rows, other_run(script, number), strict=True):
            assert [case, output, str(step)] == other[:3], (case, other)
            d = abs(float(other[3]) - value) / max(1, abs(value))
            off[case] = max(off.get(case, 0), d if d == d and d != float("inf") else 0)
    for case, d in off.items():
        put(case, "f32", d)


def write(script, made_with, f32=True):
    if RUN:
        write_rows(os.environ["NNC_ORACLE_ROWS"], "")
        return
    if f32:
        add_f32(script)
    path = os.path.splitext(os.path.abspath(script))[0] + ".tsv"
    write_rows(path, f"# made by {os.path.basename(script)} with {made_with}: case, output, step, value\n")
