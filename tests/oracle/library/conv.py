"""Convolutions, pooling and resampling in PyTorch, f64, first and second derivatives; the convolutions also in JAX, which must agree.

    python3 tests/oracle/library/conv.py      (numpy, torch, jax)
"""
import jax
import jax.numpy as jnp
import torch
import torch.nn.functional as F

from common import record, t, write
from with_jax import both

SPACE = {1: "W", 2: "HW", 3: "DHW"}


def tuple_of(v, n):
    return tuple(v) if isinstance(v, (tuple, list)) else (v,) * n


def conv(case, x, w, bias=True, stride=1, padding=0, dilation=1, groups=1, mode="zeros"):
    n = len(x) - 2
    x, w, b = t(4, x), t(5, w), t(6, (w[0],)) if bias else None
    inputs = [x, w, b] if bias else [x, w]
    layer = getattr(torch.nn, f"Conv{n}d")(x.shape[1], w.shape[0], w.shape[2:], stride, padding, dilation, groups, bias, mode)
    names = dict(layer.named_parameters())
    y = torch.func.functional_call(layer, {k: {"weight": w, "bias": b}[k] for k in names}, (x,))
    if mode != "zeros":
        record(case, y, inputs, twin=True)
        return
    s, d = tuple_of(stride, n), tuple_of(dilation, n)
    if isinstance(padding, str):
        pad = [((k - 1) * e // 2, (k - 1) * e - (k - 1) * e // 2) if padding == "same" else (0, 0) for k, e in zip(w.shape[2:], d)]
    else:
        pad = [(p, p) for p in tuple_of(padding, n)]
    spec = ("NC" + SPACE[n], "OI" + SPACE[n], "NC" + SPACE[n])

    def other(x, w, b=None):
        y = jax.lax.conv_general_dilated(x, w, s, pad, rhs_dilation=d, dimension_numbers=spec, feature_group_count=groups)
        return y if b is None else y + b.reshape((1, -1) + (1,) * n)

    both(case, y, inputs, other, twin=True)


def convolutions():
    conv("conv1d", (2, 3, 11), (4, 3, 3))
    conv("conv1d_strided", (2, 4, 13), (6, 2, 4), stride=3, padding=2, groups=2)
    conv("conv1d_same", (2, 3, 10), (4, 3, 4), padding="same", dilation=2)
    conv("conv2d", (2, 3, 7, 9), (5, 3, 3, 3), padding=1)
    conv("conv2d_valid", (3, 2, 6, 5), (4, 2, 2, 3), padding="valid", bias=False)
    conv("conv2d_strided", (2, 3, 9, 8), (4, 3, 3, 3), stride=2, padding=1)
    conv("conv2d_uneven", (2, 3, 11, 9), (4, 3, 5, 2), stride=(2, 3), padding=(2, 0))
    conv("conv2d_wide", (1, 3, 17, 21), (17, 3, 5, 5), padding=2)
    conv("conv2d_dilated", (2, 3, 9, 10), (4, 3, 3, 2), dilation=(2, 3), padding=(1, 2))
    conv("conv2d_groups", (2, 6, 7, 7), (4, 3, 3, 3), groups=2, padding=1, stride=2)
    conv("conv2d_depthwise", (2, 4, 6, 7), (8, 1, 3, 3), groups=4, padding=1)
    conv("conv2d_pointwise", (3, 5, 4, 5), (7, 5, 1, 1))
    conv("conv2d_pointwise_strided", (3, 5, 7, 5), (7, 5, 1, 1), stride=2)
    conv("conv2d_patches", (2, 3, 8, 12), (5, 3, 4, 4), stride=4)
    conv("conv2d_same", (2, 3, 7, 8), (4, 3, 4, 3), padding="same")
    conv("conv2d_reflect", (2, 3, 7, 6), (4, 3, 3, 5), padding=(1, 2), mode="reflect")
    conv("conv2d_replicate", (2, 3, 7, 6), (4, 3, 3, 5), padding=(1, 2), mode="replicate")
    conv("conv2d_circular", (2, 3, 7, 6), (4, 3, 3, 5), padding=(1, 2), mode="circular")
    conv("conv3d", (2, 2, 5, 6, 4), (3, 2, 3, 2, 3), padding=(1, 0, 1), stride=(1, 2, 1))
    conv("conv3d_groups", (1, 4, 4, 5, 4), (6, 2, 2, 3, 2), groups=2)
    conv("conv3d_depthwise", (1, 3, 4, 5, 4), (6, 1, 2, 3, 2), groups=3, padding=1)


def transposed(case, x, w, bias=True, **options):
    n = len(x) - 2
    groups = options.get("groups", 1)
    x, w, b = t(4, x), t(5, w), t(6, (w[1] * groups,)) if bias else None
    y = getattr(F, f"conv_transpose{n}d")(x, w, b, **options)
    record(case, y, [x, w, b] if bias else [x, w], twin=True)


def transposed_convolutions():
    transposed("conv_transpose1d", (2, 3, 6), (3, 4, 3))
    transposed("conv_transpose1d_strided", (2, 4, 5), (4, 3, 4), stride=3, padding=1, output_padding=2, groups=2)
    transposed("conv_transpose2d", (2, 3, 5, 4), (3, 4, 3, 2), bias=False)
    transposed("conv_transpose2d_strided", (2, 3, 4, 5), (3, 4, 4, 4), stride=2, padding=1)
    transposed("conv_transpose2d_odd", (2, 3, 4, 5), (3, 4, 3, 3), stride=2, padding=1, output_padding=1)
    transposed("conv_transpose2d_dilated", (2, 3, 4, 5), (3, 4, 2, 3), dilation=(3, 2), padding=(1, 0), output_padding=(2, 0))
    transposed("conv_transpose2d_apart", (2, 3, 4, 3), (3, 4, 2, 2), stride=3, output_padding=2)
    transposed("conv_transpose2d_groups", (2, 4, 4, 5), (4, 3, 3, 3), stride=2, groups=2)
    transposed("conv_transpose3d", (1, 2, 3, 3, 2), (2, 3, 2, 3, 2), stride=(1, 2, 2), padding=(0, 1, 0))
    transposed("conv_transpose3d_groups", (1, 4, 3, 3, 2), (4, 2, 2, 3, 2), groups=2)


def pooling():
    def one(case, f, shape, twin=True):
        x = t(4, shape, 2.0)
        record(case, f(x), [x], twin=twin)

    one("max_pool1d", lambda x: F.max_pool1d(x, 3, 2, 1), (2, 3, 10))
    one("max_pool2d", lambda x: F.max_pool2d(x, 2), (2, 3, 7, 8))
    one("max_pool2d_overlap", lambda x: F.max_pool2d(x, 3, 2, 1), (2, 3, 9, 8))
    one("max_pool2d_dilated", lambda x: F.max_pool2d(x, (2, 3), (1, 2), 1, dilation=(3, 2)), (2, 3, 9, 8))
    one("max_pool2d_ceil", lambda x: F.max_pool2d(x, 3, 2, ceil_mode=True), (2, 2, 8, 10))
    one("max_pool2d_ceil_padded", lambda x: F.max_pool2d(x, 2, 3, 1, ceil_mode=True), (2, 2, 6, 8))
    one("max_pool3d", lambda x: F.max_pool3d(x, 2, stride=(1, 2, 2)), (1, 2, 4, 5, 6))
    x = torch.tensor([[[1.0, 1.0, 0.5, 2.0, 2.0, 2.0]]], requires_grad=True)  # ties: the first takes all
    record("max_pool1d_ties", F.max_pool1d(x, 3, 1), [x])
    one("avg_pool1d", lambda x: F.avg_pool1d(x, 3, 2, 1), (2, 3, 10))
    one("avg_pool2d", lambda x: F.avg_pool2d(x, 2), (2, 3, 7, 8))
    one("avg_pool2d_padded", lambda x: F.avg_pool2d(x, 3, 2, 1), (2, 3, 9, 8))
    one("avg_pool2d_inside", lambda x: F.avg_pool2d(x, 3, 2, 1, count_include_pad=False), (2, 3, 9, 8))
    one("avg_pool2d_ceil", lambda x: F.avg_pool2d(x, 3, 2, 1, ceil_mode=True), (2, 2, 8, 10))
    one("avg_pool2d_ceil_inside", lambda x: F.avg_pool2d(x, (3, 2), 2, (1, 0), ceil_mode=True, count_include_pad=False), (2, 2, 8, 9))
    one("avg_pool3d", lambda x: F.avg_pool3d(x, (2, 3, 2), 2, (0, 1, 1)), (1, 2, 4, 5, 6))
    one("adaptive_avg_pool1d", lambda x: F.adaptive_avg_pool1d(x, 4), (2, 3, 10))
    one("adaptive_avg_pool2d", lambda x: F.adaptive_avg_pool2d(x, (3, 5)), (2, 3, 7, 5))
    one("adaptive_avg_pool2d_one", lambda x: F.adaptive_avg_pool2d(x, 1), (2, 3, 7, 6))
    one("adaptive_max_pool1d", lambda x: F.adaptive_max_pool1d(x, 4), (2, 3, 10))
    one("adaptive_max_pool2d", lambda x: F.adaptive_max_pool2d(x, (3, 4)), (2, 3, 7, 9))
    one("adaptive_max_pool2d_even", lambda x: F.adaptive_max_pool2d(x, (2, 3)), (2, 3, 4, 9))
    one("adaptive_max_pool3d", lambda x: F.adaptive_max_pool3d(x, (2, 2, 3)), (1, 2, 3, 4, 5))
    one("upsample_nearest1d", lambda x: F.interpolate(x, scale_factor=2), (2, 3, 5))
    one("upsample_nearest2d", lambda x: F.interpolate(x, size=(9, 4)), (2, 3, 4, 6))
    one("upsample_nearest2d_factor", lambda x: F.interpolate(x, scale_factor=2.5), (2, 3, 4, 3))
    one("upsample_linear", lambda x: F.interpolate(x, size=9, mode="linear", align_corners=False), (2, 3, 5))
    one("upsample_bilinear", lambda x: F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False), (2, 3, 4, 5))
    one("upsample_bilinear_factor", lambda x: F.interpolate(x, scale_factor=1.7, mode="bilinear", align_corners=False), (2, 3, 4, 5))
    one("upsample_bilinear_corners", lambda x: F.interpolate(x, size=(9, 7), mode="bilinear", align_corners=True), (2, 3, 4, 5))
    one("upsample_bilinear_smaller", lambda x: F.interpolate(x, size=(3, 4), mode="bilinear", align_corners=False), (2, 3, 8, 7))
    one("upsample_trilinear", lambda x: F.interpolate(x, size=(4, 5, 3), mode="trilinear", align_corners=True), (1, 2, 3, 2, 3))
    one("max_pool1d_odd", lambda x: F.max_pool1d(x, 2, 3), (1, 3, 7))
    one("max_pool3d_padded", lambda x: F.max_pool3d(x, (3, 2, 2), padding=1, ceil_mode=True), (1, 1, 5, 3, 7))
    one("avg_pool1d_odd", lambda x: F.avg_pool1d(x, 2, ceil_mode=True, count_include_pad=False), (3, 1, 7))
    one("avg_pool3d_odd", lambda x: F.avg_pool3d(x, 2, 1), (1, 2, 3, 3, 5))
    one("adaptive_avg_pool1d_odd", lambda x: F.adaptive_avg_pool1d(x, 3), (1, 2, 7))
    one("adaptive_avg_pool3d", lambda x: F.adaptive_avg_pool3d(x, (2, None, 3)), (1, 2, 3, 2, 5))
    one("adaptive_avg_pool3d_one", lambda x: F.adaptive_avg_pool3d(x, 1), (2, 1, 3, 5, 2))
    one("adaptive_max_pool1d_odd", lambda x: F.adaptive_max_pool1d(x, 3), (1, 2, 9))
    one("adaptive_max_pool3d_one", lambda x: F.adaptive_max_pool3d(x, 1), (2, 1, 3, 5, 2))
    one("unfold", lambda x: F.unfold(x, (3, 2), dilation=(1, 2), padding=(1, 0), stride=(2, 1)), (2, 3, 6, 7), False)
    one("unfold_plain", lambda x: F.unfold(x, 2), (1, 3, 5, 3), False)
    one("fold", lambda x: F.fold(x, (6, 7), (3, 2), padding=(1, 0), stride=(2, 1)), (2, 12, 18), False)
    one("fold_plain", lambda x: F.fold(x, (5, 3), 2), (1, 12, 8), False)


def main():
    convolutions()
    transposed_convolutions()
    pooling()
    write(__file__, f"PyTorch {torch.__version__}, JAX {jax.__version__}")


if __name__ == "__main__":
    main()
