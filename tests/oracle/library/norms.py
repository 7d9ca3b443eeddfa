"""Normalisations in PyTorch, f64, first and second derivatives; layer, RMS, group and batch norm also in JAX, which must agree.

    python3 tests/oracle/library/norms.py      (numpy, torch, jax)
"""
import jax
import jax.numpy as jnp
import torch
import torch.nn.functional as F

from common import put, project, record, t, write
from with_jax import both


def standard(x, axes, eps):
    c = x - x.mean(axes, keepdims=True)
    return c / jnp.sqrt((c * c).mean(axes, keepdims=True) + eps)


def channels(v, rank):
    return v.reshape((1, -1) + (1,) * (rank - 2))


def functions():
    x, w, b = t(4, (3, 5, 7), 2.0, 0.3), t(5, (7,)), t(6, (7,))
    both("layer_norm", F.layer_norm(x, (7,), w, b), [x, w, b], lambda x, w, b: standard(x, (-1,), 1e-5) * w + b, twin=True)
    w, b = t(5, (5, 7)), t(6, (5, 7))
    both("layer_norm_two", F.layer_norm(x, (5, 7), w, b, 1e-3), [x, w, b], lambda x, w, b: standard(x, (-2, -1), 1e-3) * w + b, twin=True)
    both("layer_norm_plain", F.layer_norm(x, (7,)), [x], lambda x: standard(x, (-1,), 1e-5), twin=True)
    w = t(5, (7,))
    rms = lambda x, w, eps: x / jnp.sqrt((x * x).mean(-1, keepdims=True) + eps) * w  # noqa: E731
    both("rms_norm", F.rms_norm(x, (7,), w), [x, w], lambda x, w: rms(x, w, 2.0**-52), twin=True)
    both("rms_norm_eps", F.rms_norm(x, (7,), w, 1e-2), [x, w], lambda x, w: rms(x, w, 1e-2), twin=True)
    x, w, b = t(4, (3, 6, 5), 2.0, 0.3), t(5, (6,)), t(6, (6,))

    def group(x, w, b):
        return standard(x.reshape(3, 2, -1), (-1,), 1e-5).reshape(x.shape) * channels(w, 3) + channels(b, 3)

    both("group_norm", F.group_norm(x, 2, w, b), [x, w, b], group, twin=True)
    x = t(4, (2, 6, 3, 5), 2.0, 0.3)
    w, b = t(5, (6,)), t(6, (6,))
    record("group_norm_image", F.group_norm(x, 3, w, b), [x, w, b], twin=True)


def layer(kind, name, shape, channel_count, modes=("train", "train", "eval"), **options):
    """Two calls in training, then one in evaluation: outputs, derivatives and running statistics of each."""
    m = kind(channel_count, **options)
    if m.affine:
        m.weight = torch.nn.Parameter(t(5, (channel_count,)).detach())
        m.bias = torch.nn.Parameter(t(6, (channel_count,)).detach())
    for k, mode in enumerate(modes):
        m.train(mode == "train")
        x = t(40 + k, shape, 2.0, 0.3)
        case = f"{name}_{mode}{k}"
        y = m(x)
        inputs = [x] + ([m.weight, m.bias] if m.affine else [])
        if mode == "train" and kind is torch.nn.BatchNorm1d and m.affine:
            axes = (0,) + tuple(range(2, len(shape)))
            both(case, y, inputs, lambda x, w, b: standard(x, axes, m.eps) * channels(w, len(shape)) + channels(b, len(shape)))
        else:
            record(case, y, inputs)
        if m.track_running_stats:
            put(case, "mean", project(m.running_mean, 70))
            put(case, "var", project(m.running_var, 71))
            put(case, "count", m.num_batches_tracked)


def main():
    functions()
    nn = torch.nn
    layer(nn.BatchNorm1d, "batch_norm", (5, 3), 3)
    layer(nn.BatchNorm1d, "batch_norm_sequence", (5, 3, 4), 3, momentum=0.3, eps=1e-3)
    layer(nn.BatchNorm2d, "batch_norm_image", (2, 3, 5, 4), 3)
    layer(nn.BatchNorm3d, "batch_norm_volume", (2, 3, 2, 5, 3), 3)
    layer(nn.BatchNorm1d, "batch_norm_mean", (5, 3), 3, momentum=None, affine=False)
    layer(nn.BatchNorm1d, "batch_norm_untracked", (5, 3), 3, track_running_stats=False)
    layer(nn.InstanceNorm1d, "instance_norm", (2, 3, 7), 3)
    layer(nn.InstanceNorm2d, "instance_norm_tracked", (2, 3, 5, 3), 3, affine=True, track_running_stats=True)
    layer(nn.BatchNorm2d, "batch_norm_image_odd", (1, 2, 3, 1), 2, momentum=0.5, affine=False)
    layer(nn.BatchNorm3d, "batch_norm_volume_odd", (1, 2, 1, 3, 1), 2, eps=1e-2)
    layer(nn.InstanceNorm1d, "instance_norm_odd", (1, 2, 5), 2, affine=True, eps=1e-2)
    layer(nn.InstanceNorm2d, "instance_norm_image", (1, 2, 3, 1), 2)
    layer(nn.InstanceNorm3d, "instance_norm_volume_odd", (1, 2, 1, 3, 3), 2, track_running_stats=True, momentum=0.3)
    layer(nn.InstanceNorm3d, "instance_norm_volume", (2, 3, 2, 3, 3), 3, affine=True)
    write(__file__, f"PyTorch {torch.__version__} and JAX {jax.__version__}")


if __name__ == "__main__":
    main()
