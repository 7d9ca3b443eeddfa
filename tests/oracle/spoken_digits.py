"""models/spoken_digits.lua in PyTorch, trained on the same files by the same rule with draws of its own: a run to compare with.

    python3 tests/oracle/spoken_digits.py FSDD [SEED [EPOCHS]]    prints loss and greedy edits per digit on strings of the test takes

Strings, noise, net, optimizer and rate are the model's; FSDD is the folder of DIGIT_SPEAKER_TAKE.wav, takes 0 to 4 are the test's.
"""
import glob
import math
import os
import sys

import torch
import torch.nn.functional as F
from scipy.io import wavfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "library"))
from sound import filters  # noqa: E402

MOST, L, HOP, N_FFT, T, BLANK = 4, 7000, 80, 256, 64, 10
W = 4 * T * HOP + N_FFT - HOP


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        halves = [(torch.nn.Conv1d(n, 64, 5, stride=2, padding=2), torch.nn.BatchNorm1d(64), torch.nn.ReLU(), torch.nn.Dropout(0.2)) for n in (40, 64)]
        self.body = torch.nn.Sequential(torch.nn.BatchNorm1d(40), *halves[0], *halves[1])
        self.gru, self.drop, self.head = torch.nn.GRU(64, 64, bidirectional=True), torch.nn.Dropout(0.2), torch.nn.Linear(128, 11)
        self.filters, self.window = filters(N_FFT // 2 + 1, 40, 8000, 60).to(torch.get_default_dtype()), torch.hann_window(N_FFT)

    def forward(self, sound):
        power = torch.stft(sound, N_FFT, HOP, window=self.window, center=False, return_complex=True).abs() ** 2
        x = self.body(torch.log(torch.einsum("nft,fm->nmt", power, self.filters) + 1e-4))
        return self.head(self.drop(self.gru(x.permute(2, 0, 1))[0])).log_softmax(-1)


def clips(folder, test):
    """Sounds [n, L], largest magnitude 1, their samples up to the last that is not 0, labels"""
    sounds, labels = [], []
    for path in sorted(glob.glob(os.path.join(folder, "*.wav"))):
        digit, _, take = os.path.basename(path)[:-4].split("_")
        if (int(take) < 5) == test:
            x = torch.as_tensor(wavfile.read(path)[1][:L].astype("float32"))
            sounds.append(F.pad(x / x.abs().max(), (0, L - len(x))))
            labels.append(int(digit))
    sounds = torch.stack(sounds)
    long = torch.where(sounds != 0, torch.arange(1, L + 1), 0).amax(1)
    return sounds, long, torch.as_tensor(labels)


def strings(sounds, long, labels):
    n = len(labels)
    which, count = torch.stack([torch.randperm(n) for _ in range(MOST)], 1), torch.randint(2, MOST + 1, (n,))
    out, lengths = torch.zeros(n, W), []
    for row in range(n):
        x = torch.cat([sounds[i, : long[i]] for i in which[row, : count[row]]])[:W]
        out[row, : len(x)] = x
        lengths.append(len(x))
    return out, (torch.as_tensor(lengths) // (4 * HOP) + 1).clamp(max=T), labels[which], count


def noisy(x):
    gain, level = (2 * torch.rand(len(x), 1) - 1.5).exp(), (4 * torch.rand(len(x), 1) - 8).exp()
    return gain * x + level * torch.randn_like(x)


def edits(x, y):
    d = list(range(len(y) + 1))
    for i, a in enumerate(x):
        before, d = d, [i + 1]
        for j, b in enumerate(y):
            d.append(min(before[j + 1] + 1, d[j] + 1, before[j] + (a != b)))
    return d[-1]


def greedy(scores, times):
    for row, n in enumerate(times.tolist()):
        best = scores[:n, row].argmax(-1).tolist()
        yield [a for t, a in enumerate(best) if a != BLANK and (t == 0 or best[t - 1] != a)]


def measure(net, data):
    net.eval()
    with torch.no_grad():
        sound, times, labels, count = strings(*data)
        scores = net(sound)
        loss = F.ctc_loss(scores, labels, times, count, blank=BLANK)
        wrong = sum(edits(x, labels[row, : count[row]].tolist()) for row, x in enumerate(greedy(scores, times)))
    net.train()
    return loss.item(), wrong / count.sum().item()


def main():
    seed, epochs = int(sys.argv[2]) if len(sys.argv) > 2 else 0, int(sys.argv[3]) if len(sys.argv) > 3 else 80
    torch.set_default_dtype(torch.float32)  # sound.py has set f64
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    (sounds, long, labels), test, net = clips(sys.argv[1], False), clips(sys.argv[1], True), Net()
    a_pass = len(labels) // 30
    steps, optimizer = epochs * a_pass, torch.optim.Adam(net.parameters())
    for t in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = 3e-3 * 0.5 * (1 + math.cos(math.pi * t / steps))
        if t % a_pass == 0:
            order = torch.randperm(len(labels))
        at = order[t % a_pass * 30 :][:30]
        sound, times, y, count = strings(noisy(sounds[at]), long[at], labels[at])
        loss = F.ctc_loss(net(sound), y, times, count, blank=BLANK)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimizer.step()
        if (t + 1) % (5 * a_pass) == 0:
            print("step %d: training loss %.4f, test loss %.4f, edits per digit %.4f" % (t + 1, loss.item(), *measure(net, test)), flush=True)


if __name__ == "__main__":
    main()
