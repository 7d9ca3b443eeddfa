"""The small .npy and .npz files of tests/oracle/npy, as NumPy writes them, and rows.safetensors, as PyTorch's safetensors does; tests/unit/test_npy.c knows the formula:
number i of an array is i * 7 % 23, less 5 where the type has a sign, a quarter of that in floats, i * 7 % 2 in bools."""
import os
import numpy as np
import torch
from safetensors.torch import save_file
from numpy.lib import format as npy

folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "npy")


def numbers(dtype, shape):
    i = np.arange(int(np.prod(shape)))
    kind = np.dtype(dtype).kind
    x = i * 7 % 2 if kind == "b" else i * 7 % 23 if kind == "u" else i * 7 % 23 - 5 if kind == "i" else (i * 7 % 23 - 5) / 4
    return x.reshape(shape).astype(dtype)


def save(name, array, version=None):
    with open(os.path.join(folder, name), "wb") as f:
        npy.write_array(f, array, version=version)


for dtype in ["?", "<i1", "<u1", "<i2", "<u2", "<i4", "<u4", "<i8", "<f2", "<f4", "<f8", ">f4", ">i8"]:
    save(dtype.replace("?", "b1").replace("<", "").replace(">", "big_") + ".npy", numbers(dtype, (5, 2, 3)))
save("version2.npy", numbers("<f4", (5, 2, 3)), (2, 0))
save("version3.npy", numbers("<f4", (5, 2, 3)), (3, 0))
save("fortran.npy", np.asfortranarray(numbers("<f4", (5, 2, 3))))
save("complex.npy", numbers("<f4", (5, 2, 3)).astype("<c8"))
save("scalar.npy", np.float32(3))
save("labels.npy", np.arange(5, dtype="<i8") % 3)
x, y = numbers("<f4", (5, 2, 3)), np.arange(5, dtype="<i8") % 3
np.savez(os.path.join(folder, "stored.npz"), x=x, y=y)
np.savez_compressed(os.path.join(folder, "deflated.npz"), x=x, y=y)
tensors = {"x": torch.from_numpy(x), "y": torch.from_numpy(y), "half": torch.from_numpy(x).to(torch.bfloat16), "i1": torch.from_numpy(numbers("<i1", (5, 2, 3)))}
save_file(tensors, os.path.join(folder, "rows.safetensors"))
