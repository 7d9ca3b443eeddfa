"""models/unet.lua, resnet20.lua and vit.lua in PyTorch, on the same images in the same order from the same weights (formula.fill).

    python3 tests/oracle/vision.py DATA                                        writes vision.tsv
    python3 tests/oracle/vision.py DATA NET EPOCHS [init.safetensors]          trains in f32, prints a line an epoch
    python3 tests/oracle/vision.py DATA NET 0 FILE                             what NET scores with the weights of FILE
    python3 tests/oracle/vision.py DATA NET bench                              ms a step on one thread, the median of 20
                                                                               (numpy, torch, safetensors for files)
DATA is the folder with nuclei/ and cifar10/. vision.tsv: for each net the losses of the first steps in f64, and afterwards the projection
(formula.projections) of every parameter and every statistic: what they equal, the gradients of all steps equal.
"""
import gzip
import math
import os
import struct
import sys
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

import formula

STEPS = 3


# ---- the nets, with the names of their states ----
def two(inputs, outputs):
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU(), nn.Conv2d(outputs, outputs, 3, padding=1), nn.ReLU())


class UNet(nn.Module):
    def __init__(self, width=8):
        super().__init__()
        self.down1, self.down2, self.bottom = two(1, width), two(width, 2 * width), two(2 * width, 4 * width)
        self.up2, self.join2 = nn.ConvTranspose2d(4 * width, 2 * width, 2, stride=2), two(4 * width, 2 * width)
        self.up1, self.join1 = nn.ConvTranspose2d(2 * width, width, 2, stride=2), two(2 * width, width)
        self.head = nn.Conv2d(width, 1, 1)

    def forward(self, x):
        full = self.down1(x)
        half = self.down2(F.max_pool2d(full, 2))
        y = self.bottom(F.max_pool2d(half, 2))
        y = self.join2(torch.cat((half, self.up2(y)), 1))
        return self.head(self.join1(torch.cat((full, self.up1(y)), 1)))


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.stride, self.more = stride, outputs - inputs
        self.conv1, self.bn1 = nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False), nn.BatchNorm2d(outputs)
        self.conv2, self.bn2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs)

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if self.stride > 1:
            x = F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, self.more // 2, self.more // 2))
        return F.relu(x + y)


class ResNet20(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16)
        self.layer1 = nn.Sequential(Block(16, 16, 1), Block(16, 16, 1), Block(16, 16, 1))
        self.layer2 = nn.Sequential(Block(16, 32, 2), Block(32, 32, 1), Block(32, 32, 1))
        self.layer3 = nn.Sequential(Block(32, 64, 2), Block(64, 64, 1), Block(64, 64, 1))
        self.linear = nn.Linear(64, 10)

    def forward(self, x):
        return self.linear(self.layer3(self.layer2(self.layer1(F.relu(self.bn1(self.conv1(2 * x - 1)))))).mean((2, 3)))


class ViT(nn.Module):
    def __init__(self, d=64, heads=4, depth=4, patch=4):
        super().__init__()
        self.patches = nn.Conv2d(3, d, patch, stride=patch)
        self.class_token, self.positions = nn.Parameter(torch.empty(1, 1, d)), nn.Parameter(torch.empty(1, (32 // patch) ** 2 + 1, d))
        layer = nn.TransformerEncoderLayer(d, heads, 2 * d, 0.0, "gelu", batch_first=True, norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, depth, nn.LayerNorm(d), enable_nested_tensor=False)
        self.head = nn.Linear(d, 10)

    def forward(self, x):
        y = self.patches(2 * x - 1).flatten(2).transpose(1, 2)
        y = torch.cat((self.class_token.expand(len(x), -1, -1), y), 1) + self.positions
        return self.head(self.encoder(y)[:, 0])


# ---- their data, losses, scores, optimizers ----
def read_idx(path):
    raw = gzip.open(path).read()
    rank = raw[3]
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * rank).reshape(struct.unpack(f">{rank}i", raw[4 : 4 + 4 * rank]))


def nuclei(data, split, dtype):
    return tuple(torch.from_numpy(read_idx(f"{data}/nuclei/{split}-{what}-idx3-ubyte.gz").copy()).to(dtype)[:, None] / 255 for what in ("images", "masks"))


def cifar10(data, split, dtype):
    rows = np.fromfile(f"{data}/cifar10/{ {'train': 'train_4000', 'test': 'test_1000'}[split] }.bin", np.uint8).reshape(-1, 3073)
    return torch.from_numpy(rows[:, 1:].reshape(-1, 3, 32, 32).copy()).to(dtype) / 255, torch.from_numpy(rows[:, 0].astype(np.int64))


def dice(logits, truth):
    x, y = logits.sigmoid().flatten(1), truth.flatten(1)
    return (1 - (2 * (x * y).sum(1) + 1) / ((x + y).sum(1) + 1)).mean()


def iou(logits, truth):
    found = (logits > 0).to(truth.dtype)
    both = (found * truth).sum((1, 2, 3))
    return (both / ((found + truth).sum((1, 2, 3)) - both)).mean().item()


def accuracy(logits, labels):
    return (logits.argmax(1) == labels).double().mean().item()


def cosine(lr):
    return lambda t, steps: 0.5 * lr * (1 + math.cos(math.pi * t / steps))


# net, data, loss, score, batch in training and of the first steps, optimizer, learning rate of step t of `steps`
NETS = {
    "unet": (UNet, nuclei, dice, iou, 8, 2, lambda p: torch.optim.Adam(p), lambda t, steps: 2e-3),
    "resnet20": (ResNet20, cifar10, F.cross_entropy, accuracy, 100, 10, lambda p: torch.optim.SGD(p, 0.1, 0.9, weight_decay=1e-4), cosine(0.1)),
    "vit": (ViT, cifar10, F.cross_entropy, accuracy, 100, 10, lambda p: torch.optim.AdamW(p, weight_decay=0.05), lambda t, steps: 1e-3 * min(1, (t + 1) / 40)),
}


def step(net, loss, optimizer, lr, x, y):
    for group in optimizer.param_groups:
        group["lr"] = lr
    optimizer.zero_grad()
    value = loss(net(x), y)
    value.backward()
    optimizer.step()
    return value.item()


def made(name, dtype):
    net = NETS[name][0]().to(dtype)
    with torch.no_grad():
        formula.fill(net.state_dict())  # the tensors of the net itself
    return net


def first_steps(name, data):
    _, read, loss, _, _, batch, make_optimizer, schedule = NETS[name]
    net = made(name, torch.float64)
    x, y = read(data, "train", torch.float64)
    optimizer = make_optimizer(net.parameters())
    losses = []
    for t in range(STEPS):
        rows = slice(t * batch, (t + 1) * batch)
        losses.append(step(net, loss, optimizer, schedule(t, STEPS), x[rows], y[rows]))
    return losses, formula.projections(net.state_dict())


def write_first_steps(data):
    path = os.path.splitext(os.path.abspath(__file__))[0] + ".tsv"
    with open(path, "w") as out:
        out.write(f"# made by vision.py with PyTorch {torch.__version__}, f64: net, loss of a step from 1 or a state after {STEPS}, value\n")
        for name in NETS:
            losses, states = first_steps(name, data)
            for t, value in enumerate(losses):
                out.write(f"{name}\tloss\t{t + 1}\t{value:.17g}\n")
            for state, value in states.items():
                out.write(f"{name}\tstate\t{state}\t{value:.17g}\n")
            print(name, losses)


def score(name, net, data):
    _, read, loss, measure, *_ = NETS[name]
    x, y = read(data, "test", torch.float32)
    net.eval()
    with torch.no_grad():
        logits = torch.cat([net(part) for part in x.split(100)])
    net.train()
    return loss(logits, y).item(), measure(logits, y)


def train(name, data, epochs, init):
    _, read, loss, _, batch, _, make_optimizer, schedule = NETS[name]
    net = made(name, torch.float32)
    if init:
        from safetensors.torch import load_file

        net.load_state_dict(load_file(init))
    x, y = read(data, "train", torch.float32)
    optimizer, per_epoch = make_optimizer(net.parameters()), len(x) // batch
    if not epochs:
        print("test loss %.6f, score %.6f" % score(name, net, data))
    for epoch in range(epochs):
        total = 0.0
        for k in range(per_epoch):
            rows = slice(k * batch, (k + 1) * batch)
            total += step(net, loss, optimizer, schedule(epoch * per_epoch + k, epochs * per_epoch), x[rows], y[rows])
        print("epoch %d: loss %.4f, test loss %.4f, score %.4f" % (epoch + 1, total / per_epoch, *score(name, net, data)), flush=True)


def bench(name, data):
    _, read, loss, _, batch, _, make_optimizer, schedule = NETS[name]
    net = made(name, torch.float32)
    x, y = (part[:batch] for part in read(data, "train", torch.float32))
    optimizer, times = make_optimizer(net.parameters()), []
    for t in range(23):
        start = time.process_time()
        step(net, loss, optimizer, schedule(t, 23), x, y)
        times.append(1e3 * (time.process_time() - start))
    print("%s: %.2f ms of processor time a step" % (name, sorted(times[3:])[10]))


def main():
    torch.set_num_threads(1)
    data, *rest = sys.argv[1:]
    if not rest:
        write_first_steps(data)
    elif rest[1] == "bench":
        bench(rest[0], data)
    else:
        train(rest[0], data, int(rest[1]), rest[2] if len(rest) > 2 else None)


if __name__ == "__main__":
    main()
