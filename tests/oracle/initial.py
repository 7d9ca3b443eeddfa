"""The laws of torch.nn.init, exactly: bounds of uniform ones, deviations of normal ones, for shapes of dense, convolutional and grouped layers (PyTorch's
own draws are replaced by what they were asked for); values of eye and dirac. tests/train/layers/initial.lua says the same of nnc.

    python3 tests/oracle/initial.py      (torch)
"""
import math
import os

import torch
from torch.nn import init

SHAPES = {"dense": (7, 5), "wide": (3, 11), "conv1d": (6, 4, 3), "conv2d": (8, 3, 3, 5), "grouped": (6, 2, 3, 3), "transposed": (4, 6, 2, 2), "conv3d": (2, 5, 1, 2, 3)}
LAWS = {
    "xavier_uniform": lambda w: init.xavier_uniform_(w),
    "xavier_uniform_gain": lambda w: init.xavier_uniform_(w, init.calculate_gain("tanh")),
    "xavier_normal": lambda w: init.xavier_normal_(w),
    "xavier_normal_gain": lambda w: init.xavier_normal_(w, 0.3),
    "kaiming_uniform": lambda w: init.kaiming_uniform_(w),
    "kaiming_uniform_a": lambda w: init.kaiming_uniform_(w, math.sqrt(5)),
    "kaiming_uniform_out": lambda w: init.kaiming_uniform_(w, mode="fan_out", nonlinearity="relu"),
    "kaiming_normal": lambda w: init.kaiming_normal_(w),
    "kaiming_normal_a": lambda w: init.kaiming_normal_(w, 0.2),
    "kaiming_normal_out": lambda w: init.kaiming_normal_(w, mode="fan_out", nonlinearity="selu"),
}
GAINS = {"linear": None, "sigmoid": None, "tanh": None, "relu": None, "selu": None, "leaky_relu": None, "leaky_relu_a": 0.3}
rows = []


# What a law asks for stands in every element: the bound, or the deviation
torch.Tensor.uniform_ = lambda self, low, high, generator=None: self.fill_(max(-low, high))
torch.Tensor.normal_ = lambda self, mean, deviation, generator=None: self.fill_(deviation)


def main():
    for law, fill in LAWS.items():
        for name, shape in SHAPES.items():
            w = torch.empty(shape, dtype=torch.float64)
            fill(w)
            rows.append((law, name, w.flatten()[0].item()))
    for name, a in GAINS.items():
        rows.append(("gain", name, init.calculate_gain(name.removesuffix("_a"), a)))
    for name, shape, groups in (("odd", (5, 3, 3), 1), ("groups", (4, 2, 3, 5), 2), ("even", (2, 4, 2, 2, 2), 1)):
        w = init.dirac_(torch.empty(shape), groups)
        rows.append(("dirac", name, sum(i * v for i, v in enumerate(w.flatten().tolist(), 1))))
    for name, shape in (("wide", (3, 5)), ("tall", (4, 2))):
        rows.append(("eye", name, sum(i * v for i, v in enumerate(init.eye_(torch.empty(shape)).flatten().tolist(), 1))))
    layers = {  # bounds of what layers start from
        "Linear": torch.nn.Linear(5, 7),
        "Conv2d": torch.nn.Conv2d(4, 6, (3, 5), groups=2),
        "ConvTranspose2d": torch.nn.ConvTranspose2d(4, 6, (3, 5), groups=2),
        "Bilinear": torch.nn.Bilinear(3, 4, 5),
        "LSTM": torch.nn.LSTM(3, 5),
    }
    for name, layer in layers.items():
        layer.double().reset_parameters()
        for parameter, value in layer.named_parameters():
            rows.append((name, parameter, value.flatten()[0].item()))
    with open(os.path.splitext(os.path.abspath(__file__))[0] + ".tsv", "w") as out:
        out.write(f"# made by initial.py with PyTorch {torch.__version__}: law, shape, value\n")
        for law, name, value in rows:
            out.write(f"{law}\t{name}\t{value:.17g}\n")


if __name__ == "__main__":
    main()
