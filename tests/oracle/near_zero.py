"""How far a rounding error may carry in fashion_50_steps.py: the pre-activations nearest to zero in its f64 run.

    python3 tests/oracle/near_zero.py      (as fashion_50_steps.py)

The derivative of relu jumps at 0. Where |z| of an image and a unit is below what f32 resolves (about 1e-6 after 784 products), two right f32 programs may
take different sides, and part by far more than rounding from there on: at width 512 in step 21 (layer 1, unit 487, image 107: |z| = 1.7e-7), which
OpenBLAS decides one way for SkylakeX and the other for Haswell, Zen and Cooperlake. At width 64 the smallest |z| of the 50 steps is 2.9e-6: there all
50 steps are comparable. tests/train/blas.sh stands on this.
"""
import numpy as np
import torch

import fashion_50_steps as fashion


def nearest(width, images, labels):
    net = fashion.network(width, torch.float64)
    adam = torch.optim.Adam(net.parameters(), lr=1e-3)
    cosine = torch.optim.lr_scheduler.CosineAnnealingLR(adam, T_max=fashion.STEPS)
    found = []
    for k in range(fashion.STEPS):
        rows = slice(k * fashion.BATCH, (k + 1) * fashion.BATCH)
        first = net[1](net[0](torch.from_numpy(images[rows].copy()).double() / 255))
        second = net[3](net[2](first))
        for layer, z in ((1, first), (3, second)):
            at = int(z.detach().abs().argmin())
            found.append((abs(z.flatten()[at].item()), k + 1, layer, at % width, at // width))
        loss = torch.nn.functional.cross_entropy(net[5](net[4](second)), torch.from_numpy(labels[rows].astype(np.int64)))
        adam.zero_grad()
        loss.backward()
        adam.step()
        cosine.step()
    return sorted(found)


def main():
    torch.set_num_threads(1)
    images, labels = fashion.read_idx("train-images-idx3-ubyte.gz"), fashion.read_idx("train-labels-idx1-ubyte.gz")
    for width in (512, 64):
        for z, step, layer, unit, image in nearest(width, images, labels)[:5]:
            print(f"width {width}: |z| {z:.2e} at step {step}, layer {layer}, unit {unit}, image {image}")


if __name__ == "__main__":
    main()
