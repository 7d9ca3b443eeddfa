"""Order, places and shapes in PyTorch, f64: the cases of tests/train/layers/ordering.lua.

    python3 tests/oracle/library/ordering.py      (numpy, torch)
"""
import torch

from common import put, project, record, t, write

NAN, INF = float("nan"), float("inf")
TIES = [[2.0, 1.0, 2.0, -1.0, 1.0, 2.0], [0.0, 3.0, -0.0, 3.0, 0.0, -5.0]]
HARD = [[2.0, NAN, -INF, INF, NAN, 0.5], [1.0, 2.0, 3.0, -1.0, -2.0, -3.0]]
INDEX = [[1, 3, 1], [0, 3, 3]]


def whole(case, y, output="y"):
    put(case, output, project(y.double(), 50))


def order(case, f, x):
    """f gives values and positions."""
    values, at = f(x)
    record(case, values, (x,))
    whole(case, at, "at")


def positions(case, at):
    whole(case, at)
    for k, v in enumerate(at.flatten()[:6].tolist()):
        put(case, f"at{k}", v)


def sorting():
    for rank, shape in ((1, (7,)), (2, (3, 7)), (3, (3, 5, 2)), (4, (2, 3, 1, 4))):
        for dim in range(rank):
            x = t(4, shape, 5)
            order(f"sort_{rank}_{dim + 1}", lambda v: torch.sort(v, dim=dim, stable=True), x)
            order(f"sort_down_{rank}_{dim + 1}", lambda v: torch.sort(v, dim=dim, descending=True, stable=True), x)
            record(f"cumsum_{rank}_{dim + 1}", torch.cumsum(x, dim), (x,))
            record(f"cumprod_{rank}_{dim + 1}", torch.cumprod(x / 4, dim), (x,))
    x = t(4, (3, 300), 5)
    order("sort_long", lambda v: torch.sort(v, dim=-1, stable=True), x)
    record("cumsum_long", torch.cumsum(x, -1), (x,))
    record("cumsum_exp", torch.cumsum(x.exp(), 0).log(), (x,))
    for name, values in (("ties", TIES), ("hard", HARD)):
        v = torch.tensor(values)
        positions(f"argsort_{name}", torch.argsort(v, dim=-1, stable=True))
        positions(f"argsort_{name}_down", torch.argsort(v, dim=-1, descending=True, stable=True))
    positions("argsort_unsigned", torch.argsort(torch.tensor([3, 200, 0, 3, 255, 200], dtype=torch.uint8), dim=0, descending=True, stable=True))
    zeros = torch.tensor([2.0, 0.0, 3.0, 0.0, -1.5], requires_grad=True)
    record("cumprod_zeros", torch.cumprod(zeros, 0), (zeros,))
    record("prod_zeros", zeros.prod(0).unsqueeze(0), (zeros,))


def statistics():
    x = t(4, (4, 9), 5)
    order("topk", lambda v: torch.topk(v, 3), x)
    order("topk_small", lambda v: torch.topk(v, 2, 0, largest=False), x)
    order("median", lambda v: torch.median(v, 1), x)
    order("median_even", lambda v: torch.median(v, 0), x)
    record("median_all", torch.median(x).unsqueeze(0), (x,))
    for q in (0.0, 0.25, 0.3, 1.0):
        record(f"quantile_{int(q * 100)}", torch.quantile(x, q, 1), (x,))
    record("quantile_keep", torch.quantile(x, 0.4, 0, keepdim=True), (x,))
    record("quantile_all", torch.quantile(x, 0.61).unsqueeze(0), (x,))
    record("quantile_list", torch.quantile(x, torch.tensor([0.1, 0.9]), 1), (x,))
    hard = torch.tensor([[2.0, NAN, 1.0], [3.0, 1.0, 2.0]])
    for k in range(2):
        put("not_a_number", f"quantile{k}", torch.quantile(hard, 0.25, 1)[k])
        put("not_a_number", f"median{k}", torch.median(hard, 1).values[k])
    edges, values = torch.tensor([-2.0, -1.0, -1.0, 0.5, 3.0]), torch.tensor([[-3.0, -1.0, 0.0], [0.5, 3.0, 9.0]])
    positions("searchsorted", torch.searchsorted(edges, values))
    positions("searchsorted_right", torch.searchsorted(edges, values, right=True))
    rows = torch.sort(t(5, (2, 4), 3, grad=False), 1).values
    positions("searchsorted_rows", torch.searchsorted(rows, t(6, (2, 3), 3, grad=False)))


def places():
    index = torch.tensor(INDEX)
    positions("one_hot", torch.nn.functional.one_hot(index, 4))
    positions("bincount", torch.bincount(index.flatten(), minlength=5))
    w = t(7, (2, 3))
    record("bincount_weights", torch.zeros(5).index_add(0, index.flatten(), w.flatten()), (w,))
    matrix = torch.zeros(4, 4)
    for label, predicted in zip([0, 1, 2, 3, 3, 1], [0, 2, 2, 3, 1, 1]):
        matrix[label, predicted] += 1
    positions("confusion_matrix", matrix)
    x, rows = t(4, (4, 3)), t(5, (3, 3))
    record("scatter_add", torch.index_add(x, 0, torch.tensor([2, 0, 2]), rows), (x, rows))
    record("scatter_set", torch.index_copy(x, 0, torch.tensor([2, 0, 3]), rows), (x, rows))
    last = torch.cat([rows[1:2], x[1:2], rows[2:3], x[3:4]])  # rows 2, 0, 2: the last source of row 2 wins
    record("scatter_set_twice", last, (x, rows))
    table, u = t(4, (20,), grad=False), (t(6, (5, 16), grad=False) > 0).double()
    for case, at in (("sum", u.sum(0)), ("cumsum", u.cumsum(0)), ("product", u.T @ u)):
        positions(f"gather_{case}", table[at.long()])
    columns = t(6, (4, 2))
    record("scatter_set_columns", torch.index_copy(x, 1, torch.tensor([2, 0]), columns), (x, columns))


def shapes():
    x, square = t(4, (3, 4, 2)), t(5, (2, 4, 4))
    cases = {
        "unsqueeze": lambda v: v.unsqueeze(1),
        "unsqueeze_last": lambda v: v.unsqueeze(-1),
        "squeeze": lambda v: v[:1].squeeze(),
        "squeeze_one": lambda v: v[:1, :, :1].squeeze(0),
        "expand": lambda v: v[:, :1].expand(2, -1, 4, -1),
        "tile": lambda v: v.tile(2, 1, 3),
        "tile_less": lambda v: v.tile(2),
        "tile_more": lambda v: v[:, :, 0].tile(2, 1, 3),
        "repeat_interleave": lambda v: v.repeat_interleave(3, 1),
        "flip": lambda v: v.flip(0, 2),
        "roll": lambda v: v.roll(1, 1),
        "roll_back": lambda v: v.roll(-6, 1),
        "split": lambda v: v.split(3, 1)[1],
        "split_list": lambda v: v.split([1, 2, 1], 1)[1],
        "chunk": lambda v: v.chunk(3, 1)[1],
        "expand_more": lambda v: v.expand(2, 3, 4, 2),
        "repeat_interleave_last": lambda v: v.repeat_interleave(2, 2),
        "flip_middle": lambda v: v.flip(1),
        "chunk_even": lambda v: v.chunk(2, 2)[1],
        "masked_fill_row": lambda v: v.masked_fill(torch.tensor([True, False]), -1.5),
        "flatten": lambda v: v.flatten(),
        "flatten_rest": lambda v: v.flatten(1),
        "flatten_last": lambda v: v[:, :, :1].flatten(2),
        "take_along": lambda v: v.gather(1, torch.tensor([[[3, 0]], [[0, 0]], [[1, 2]]])),
        "take_along_more": lambda v: v.gather(2, torch.tensor([1, 1, 0]).expand(3, 4, 3)),
        "masked_fill": lambda v: v.masked_fill(v.detach() > 0, 2.0),
    }
    for name, f in cases.items():
        record(name, f(x), (x,))
    for k in (-1, 0, 2):
        record(f"tril_{k + 1}", square.tril(k), (square,))
        record(f"triu_{k + 1}", square.triu(k), (square,))
    positions("eye", torch.eye(3, 5))
    positions("eye_square", torch.eye(3))
    positions("one_hot_wide", torch.nn.functional.one_hot(torch.tensor([2, 0, 4]), 5))
    put("chunk_count", "n", len(torch.arange(10).chunk(4)))


sorting()
statistics()
places()
shapes()
write(__file__, f"PyTorch {torch.__version__}")
