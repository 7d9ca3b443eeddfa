"""Layers, losses and optimizers in PyTorch, f64: the numbers that tests/train/layers.sh compares with.

    python3 tests/oracle/layers.py      (numpy, torch)

Writes layers.tsv, one number a line: case, output, step, value. Inputs come from formula.py. What is compared is a projection: sum(y * c) with fixed c
sees every element of y, and its gradients, projected likewise, every element of those. The same cases stand in tests/train/layers/layers.lua (one
step each) and tests/train/layers/optimizers.lua (100 steps each), in the same order and with the same numbers of tensors.
"""
import os

import torch
import torch.nn.functional as F

import formula

rows = []


def t(number, shape, bound=1.0, grad=True):
    return torch.from_numpy(formula.tensor(number, shape, bound)).requires_grad_(grad)


def project(y, number):
    return (y * t(number, tuple(y.shape), grad=False)).sum()


def record(case, y, inputs, first=50):
    """The projection of y (tensor number `first`), and of the gradient of that with respect to each input (first + 1, …)."""
    loss = project(y, first)
    rows.append((case, "y", 0, loss.item()))
    for k, g in enumerate(torch.autograd.grad(loss, inputs)):
        rows.append((case, f"d{k}", 0, project(g, first + 1 + k).item()))


ACTIVATIONS = {
    "relu": F.relu,
    "leaky_relu": lambda x: F.leaky_relu(x, 0.01),
    "elu": F.elu,
    "gelu": F.gelu,
    "silu": F.silu,
    "selu": F.selu,
    "mish": F.mish,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "softplus": F.softplus,
    "softmax": lambda x: F.softmax(x, -1),
    "log_softmax": lambda x: F.log_softmax(x, -1),
}


def layers():
    x, w, b = t(0, (5, 7)), t(1, (3, 7)), t(2, (3,))
    record("linear", F.linear(x, w, b), (x, w, b))
    record("linear_plain", F.linear(x, w), (x, w))
    x3 = t(0, (2, 5, 7))
    record("linear_batched", F.linear(x3, w, b), (x3, w, b))
    table, index = t(3, (6, 4)), torch.tensor([[0, 5, 2, 2], [1, 0, 5, 5]])
    record("embedding", F.embedding(index, table), (table,))
    for name, f in ACTIVATIONS.items():
        x = t(4, (4, 5), 3.0)
        record(name, f(x), (x,))
        x = torch.tensor([[0.0, -0.0, 0.5, -0.5]], dtype=torch.float64, requires_grad=True)  # what a kink does at 0
        record(name + "_zero", f(x), (x,))
    x = t(4, (4, 5), 3.0)
    record("dropout_eval", F.dropout(x, 0.5, training=False), (x,))
    z, labels = t(5, (6, 5), 4.0), torch.tensor([0, 4, 2, 2, 1, 3])
    record("cross_entropy", F.cross_entropy(z, labels), (z,))
    z = t(6, (3, 4), 200.0)
    record("cross_entropy_far", F.cross_entropy(z, torch.tensor([3, 0, 1])), (z,))
    p, q = t(7, (4, 3)), t(8, (4, 3))
    record("mse_loss", F.mse_loss(p, q), (p, q))


# Each makes an optimizer of a list of parameters, and its schedule or None.
O, S = torch.optim, torch.optim.lr_scheduler
OPTIMIZERS = {
    "sgd": lambda p: (O.SGD(p, lr=0.1), None),
    "sgd_momentum": lambda p: (O.SGD(p, lr=0.05, momentum=0.9), None),
    "sgd_nesterov": lambda p: (O.SGD(p, lr=0.05, momentum=0.9, nesterov=True), None),
    "sgd_decay": lambda p: (O.SGD(p, lr=0.05, momentum=0.9, weight_decay=0.01), None),
    "adam": lambda p: (O.Adam(p, lr=0.01), None),
    "adam_betas": lambda p: (O.Adam(p, lr=0.01, betas=(0.8, 0.99), eps=1e-6), None),
    "adam_decay": lambda p: (O.Adam(p, lr=0.01, weight_decay=0.01), None),
    "adamw": lambda p: (O.AdamW(p, lr=0.01, weight_decay=0.1), None),
    "cosine": lambda p: cosine(O.SGD(p, lr=0.1)),
    "step_decay": lambda p: step_decay(O.SGD(p, lr=0.1)),
}
STEPS = 100


def cosine(optimizer):
    return optimizer, S.CosineAnnealingLR(optimizer, T_max=STEPS)


def step_decay(optimizer):
    return optimizer, S.StepLR(optimizer, step_size=30, gamma=0.5)


def optimizers():
    """A net of one hidden layer on 8 rows, 100 steps: the loss of every step, and at the end the projection of each parameter."""
    x, y = t(20, (8, 5), grad=False), t(21, (8, 2), grad=False)
    for name, make in OPTIMIZERS.items():
        w1, b1, w2, b2 = t(22, (6, 5)), t(23, (6,)), t(24, (2, 6)), t(25, (2,))
        parameters = [w1, b1, w2, b2]
        optimizer, schedule = make(parameters)
        for k in range(STEPS):
            loss = F.mse_loss(F.linear(torch.tanh(F.linear(x, w1, b1)), w2, b2), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            if schedule:
                schedule.step()
            rows.append((name, "loss", k, loss.item()))
        for k, p in enumerate(parameters):
            rows.append((name, f"p{k}", STEPS - 1, project(p, 50 + k).item()))


def main():
    layers()
    optimizers()
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "layers.tsv"), "w") as out:
        out.write(f"# made by layers.py with PyTorch {torch.__version__}: case, output, step, value\n")
        for case, output, k, value in rows:
            out.write(f"{case}\t{output}\t{k}\t{value:.17g}\n")


if __name__ == "__main__":
    main()
