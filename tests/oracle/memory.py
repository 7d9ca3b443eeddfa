"""What PyTorch allocates at its peak during one training step of the layers of tests/train/memory/steps.lua: the most that the CPU allocator's
blocks of the step add up to, gradients of parameters included; parameters and the batch are there before. Attention without weights, so that PyTorch
takes its fused kernel.

    python3 tests/oracle/memory.py > tests/oracle/memory.tsv      (torch)
"""
import json
import os
import tempfile

import torch
from torch import nn

torch.set_num_threads(2)


def peak(net, x, call):
    optimizer = torch.optim.SGD(net.parameters(), lr=1e-2)

    def step():
        optimizer.zero_grad(set_to_none=True)
        (call(net, x) ** 2).mean().backward()
        optimizer.step()

    step()
    optimizer.zero_grad(set_to_none=True)
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True) as profile:
        step()
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "trace.json")
        profile.export_chrome_trace(path)
        with open(path) as trace:
            events = [e for e in json.load(trace)["traceEvents"] if e.get("name") == "[memory]"]
    now = most = 0
    for event in sorted(events, key=lambda e: e["ts"]):
        now += event["args"]["Bytes"]
        most = max(most, now)
    return most


def plain(net, x):
    return net(x)


def attention(causal):
    def call(net, x):
        mask = nn.Transformer.generate_square_subsequent_mask(x.shape[1]) if causal else None
        return net(x, x, x, need_weights=False, attn_mask=mask, is_causal=causal)[0]

    return call


images = torch.randn(32, 16, 32, 32)
conv = nn.Conv2d(16, 32, 3, padding=1)
pool = nn.Sequential(conv, nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(32, 32, 3, padding=1))
print(f"# made by memory.py with PyTorch {torch.__version__}, two threads: case, bytes")
print("conv", peak(conv, images, plain), sep="\t")
print("pool", peak(pool, images, plain), sep="\t")
print("attention", peak(nn.MultiheadAttention(384, 6, batch_first=True), torch.randn(8, 256, 384), attention(True)), sep="\t")
print("long_attention", peak(nn.MultiheadAttention(384, 6, batch_first=True), torch.randn(2, 1024, 384), attention(False)), sep="\t")
print("lstm", peak(nn.LSTM(64, 256), torch.randn(64, 32, 64), lambda net, x: net(x)[0]), sep="\t")
