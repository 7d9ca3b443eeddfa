"""models/gpt.lua in PyTorch on tiny Shakespeare: 50 steps of a small one in f64, from the formula's weights; or a run of any size from given weights.

    python3 tests/oracle/gpt.py TEXT                            writes gpt.tsv: step, loss (numpy, torch)
    python3 tests/oracle/gpt.py TEXT INIT.safetensors EPOCHS    the model as it stands, f32, from what `gpt --steps 0 --save` wrote: validation losses

Windows of T characters in the order of the file (gpt --no-shuffle), the first 90 % for training. AdamW, cosine with warm-up, clipped, as in the model.
"""
import math
import os
import sys

import numpy as np
import torch
import torch.nn.functional as F

import formula

ALPHABET = "\n !$&',-.3:;?ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


class Attention(torch.nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.heads, self.c_attn, self.c_proj = heads, torch.nn.Linear(dim, 3 * dim), torch.nn.Linear(dim, dim)

    def forward(self, x):
        B, T, C = x.shape
        q, k, v = (part.view(B, T, self.heads, -1).transpose(1, 2) for part in self.c_attn(x).split(C, 2))
        weights = (q @ k.transpose(-2, -1) / math.sqrt(C // self.heads)).masked_fill(torch.ones(T, T).triu(1).bool(), -math.inf).softmax(-1)
        return self.c_proj((weights @ v).transpose(1, 2).reshape(B, T, C))


class Block(torch.nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.ln_1, self.ln_2, self.attn = torch.nn.LayerNorm(dim), torch.nn.LayerNorm(dim), Attention(dim, heads)
        self.mlp = torch.nn.Sequential(torch.nn.Linear(dim, 4 * dim), torch.nn.GELU(), torch.nn.Linear(4 * dim, dim))

    def forward(self, x):
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp(self.ln_2(x))


class GPT(torch.nn.Module):
    def __init__(self, vocab, dim, layers, heads, length):
        super().__init__()
        self.wte, self.wpe = torch.nn.Embedding(vocab, dim), torch.nn.Parameter(torch.zeros(length, dim))
        self.h, self.ln_f = torch.nn.ModuleList(Block(dim, heads) for _ in range(layers)), torch.nn.LayerNorm(dim)

    def forward(self, tokens):
        x = self.wte(tokens) + self.wpe[: tokens.shape[1]]
        for block in self.h:
            x = block(x)
        return self.ln_f(x) @ self.wte.weight.T


def fill(net):
    with torch.no_grad():
        for t, (name, p) in enumerate(sorted(net.named_parameters())):
            values = formula.tensor(t, tuple(p.shape), 1 / math.sqrt(p.shape[1]) if p.dim() == 2 else 0.1)
            p.copy_(torch.as_tensor(values + (1 if p.dim() == 1 and "ln_" in name and name.endswith("weight") else 0)))


def windows(tokens, T, B):
    """Batches (x, y) in order; what is left over is dropped."""
    rows = (len(tokens) - 1) // T
    x, y = tokens[: rows * T].view(rows, T), tokens[1 : rows * T + 1].view(rows, T)
    return [(x[i : i + B], y[i : i + B]) for i in range(0, rows - B + 1, B)]


def loss_of(net, x, y):
    return F.cross_entropy(net(x).flatten(0, 1), y.flatten())


def rate(t, steps, top=2e-3, warmup=20, final=1e-4):
    if t < warmup:
        return top * (t + 1) / warmup
    return final + (top - final) * 0.5 * (1 + math.cos(math.pi * (t - warmup) / (steps - warmup)))


def train(net, batches, steps, each):
    optimizer = torch.optim.AdamW(net.parameters(), betas=(0.9, 0.95), weight_decay=0.1)
    for t in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = rate(t, steps)
        optimizer.zero_grad()
        loss = loss_of(net, *batches[t % len(batches)])
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        each(t, loss.item())


def small(tokens):
    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)
    net, losses = GPT(65, 32, 2, 4, 32), []
    fill(net)
    train(net, windows(tokens, 32, 16), 50, lambda t, loss: losses.append(loss))
    with open(os.path.splitext(os.path.abspath(__file__))[0] + ".tsv", "w") as out:
        out.write(f"# made by gpt.py with PyTorch {torch.__version__} on tiny Shakespeare: step, loss\n")
        out.writelines(f"{t}\t{loss:.17g}\n" for t, loss in enumerate(losses))


def whole(tokens, path, epochs):
    from safetensors.torch import load_file

    cut = round(len(tokens) * 0.9)
    batches, unseen = windows(tokens[:cut], 64, 32), windows(tokens[cut:], 64, 32)
    net = GPT(65, 128, 4, 4, 64)
    net.load_state_dict(load_file(path))

    def each(t, loss):
        if (t + 1) % len(batches) == 0:
            with torch.no_grad():
                valid = sum(loss_of(net, *batch).item() for batch in unseen) / len(unseen)
            print(f"step {t + 1}: training loss {loss:.4f}, validation loss {valid:.4f}")

    train(net, batches, epochs * len(batches), each)


def main():
    text = open(sys.argv[1], encoding="ascii").read()
    tokens = torch.as_tensor(np.array([ALPHABET.index(c) for c in text]))
    small(tokens) if len(sys.argv) == 2 else whole(tokens, sys.argv[2], int(sys.argv[3]))


if __name__ == "__main__":
    main()
