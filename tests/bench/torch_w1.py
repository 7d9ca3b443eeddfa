"""One training step of models/fashion_mlp.lua (batch 128, Adam) in PyTorch: median milliseconds.

    python3 torch_w1.py THREADS SECONDS eager|fused|compiled

eager: torch.optim.Adam as it comes. fused: Adam(fused=True), PyTorch 2.4 and later. compiled: torch.compile of the loss as well (needs a C++ compiler).
The batch is resident, as in nnc's --bench; the loss is not read back inside the loop.
"""
import statistics
import sys
import time

import torch

threads, seconds, mode = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3]
torch.set_num_threads(threads)
torch.manual_seed(1)
net = torch.nn.Sequential(
    torch.nn.Flatten(), torch.nn.Linear(784, 512), torch.nn.ReLU(), torch.nn.Linear(512, 512), torch.nn.ReLU(), torch.nn.Linear(512, 10)
)
x, y = torch.rand(128, 1, 28, 28), torch.randint(10, (128,))
adam = torch.optim.Adam(net.parameters(), lr=1e-5, **({"fused": True} if mode in ("fused", "compiled") else {}))


def loss_of(x, y):
    return torch.nn.functional.cross_entropy(net(x), y)


if mode == "compiled":
    loss_of = torch.compile(loss_of)


def step():
    adam.zero_grad()
    loss = loss_of(x, y)
    loss.backward()
    adam.step()
    return loss


first = step().item()
for _ in range(20):
    step()
times, begin = [], time.perf_counter()
while time.perf_counter() - begin < seconds or len(times) < 7:
    t = time.perf_counter()
    last = step()
    times.append(time.perf_counter() - t)
if not last.item() < first:
    sys.exit(f"torch_w1: the loss did not fall: {first} -> {last.item()}")
print(f"{statistics.median(times) * 1e3:.4f} ms, PyTorch {torch.__version__}")
