"""50 steps of models/fashion_mlp.lua in PyTorch: losses, and a sample of the final parameters.

    python3 tests/oracle/fashion_50_steps.py      (numpy, torch; Debian's dataset-fashion-mnist)

The first 50 * 128 rows of the training images in file order, pixels / 255; initial weights from formula.py, bounds 1/sqrt(fan_in); Adam(1e-3)
with CosineAnnealingLR(T_max=50), so lr_t = 1e-3 * (1 + cos(pi t / 50)) / 2 for t = 0 … 49. Two widths: 512 (the model as it stands) and 64.
Writes fashion_50_steps.json: losses of a run in f32 and of one in f64, one thread; and fashion_50_steps_<width>.safetensors: every 13th element
of each final parameter of the f32 run. `spread` is how far PyTorch is from itself, f32 against f64: the floor under any tolerance.
"""
import gzip
import json
import math
import os
import struct

import numpy as np
import torch

import formula

HERE = os.path.dirname(os.path.abspath(__file__))
DATA = "/usr/share/datasets/fashion-mnist/"
STEPS, BATCH, STRIDE = 50, 128, 13


def read_idx(name):
    raw = gzip.open(DATA + name).read()
    rank = raw[3]
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * rank).reshape(struct.unpack(f">{rank}i", raw[4 : 4 + 4 * rank]))


def network(width, dtype):
    net = torch.nn.Sequential(
        torch.nn.Flatten(), torch.nn.Linear(784, width), torch.nn.ReLU(), torch.nn.Linear(width, width), torch.nn.ReLU(), torch.nn.Linear(width, 10)
    )
    fan_in = {"1": 784, "3": width, "5": width}
    with torch.no_grad():
        for t, (name, p) in enumerate(net.named_parameters()):
            p.copy_(torch.from_numpy(formula.tensor(t, tuple(p.shape), 1 / math.sqrt(fan_in[name.split(".")[0]])).astype(np.float32)))
    return net.to(dtype)


def run(width, dtype, images, labels):
    net = network(width, dtype)
    adam = torch.optim.Adam(net.parameters(), lr=1e-3)
    cosine = torch.optim.lr_scheduler.CosineAnnealingLR(adam, T_max=STEPS)
    losses = []
    for k in range(STEPS):
        rows = slice(k * BATCH, (k + 1) * BATCH)
        x = torch.from_numpy(images[rows].copy()).to(dtype) / 255
        loss = torch.nn.functional.cross_entropy(net(x), torch.from_numpy(labels[rows].astype(np.int64)))
        adam.zero_grad()
        loss.backward()
        adam.step()
        cosine.step()
        losses.append(loss.item())
    return losses, {name: p.detach().numpy().reshape(-1) for name, p in net.named_parameters()}


def write_safetensors(path, tensors):
    header, blob = {}, b""
    for name, a in tensors.items():
        header[name] = {"dtype": "F32", "shape": list(a.shape), "data_offsets": [len(blob), len(blob) + a.nbytes]}
        blob += a.astype("<f4").tobytes()
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as out:
        out.write(struct.pack("<Q", len(text)) + text + blob)


def main():
    torch.set_num_threads(1)
    images, labels = read_idx("train-images-idx3-ubyte.gz"), read_idx("train-labels-idx1-ubyte.gz")
    result = {"torch": torch.__version__, "steps": STEPS, "batch": BATCH, "stride": STRIDE, "widths": {}}
    for width in (512, 64):
        f32, p32 = run(width, torch.float32, images, labels)
        f64, p64 = run(width, torch.float64, images, labels)
        spread_loss = max(abs(a - b) / b for a, b in zip(f32, f64))
        spread_parameter = max(float(np.abs(p32[n] - p64[n]).max()) for n in p32)
        result["widths"][str(width)] = {"spread": {"loss": spread_loss, "parameter": spread_parameter}, "f32": f32, "f64": f64}
        write_safetensors(f"{HERE}/fashion_50_steps_{width}.safetensors", {n: a[::STRIDE] for n, a in p32.items()})
        print(width, f32[0], f32[-1], result["widths"][str(width)]["spread"])
    with open(f"{HERE}/fashion_50_steps.json", "w") as out:
        json.dump(result, out, indent=1)
        out.write("\n")


if __name__ == "__main__":
    main()
