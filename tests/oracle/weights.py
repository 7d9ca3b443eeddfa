"""Files of weights as PyTorch (package safetensors) and NumPy write them, in tests/oracle/weights, and what both read of files that we wrote.

    python3 tests/oracle/weights.py                       makes the files (torch, numpy, safetensors)
    python3 tests/oracle/weights.py check FILE STATE…     FILE has exactly these states, with these numbers (the standard library alone)
    python3 tests/oracle/weights.py libraries FILE STATE… the same through safetensors.torch and numpy; exit code 77 without them

A STATE is NAME:DTYPE:SIZExSIZE (a scalar: NAME:DTYPE:). Number i of a state is (i * 7 % 23 - 5) / 4 in floats, i * 7 % 23 in integers, i * 7 % 2 in bools.
"""
import ast
import json
import os
import struct
import sys
import zipfile

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "weights")
STATES = ["w:F32:3x4", "b:F32:3", "h:BF16:2x3", "d:F64:2", "n:I64:", "k:I32:2x2", "u:U8:5", "p:BOOL:6"]
CODES = {"F32": "f", "F64": "d", "F16": "e", "I32": "i", "I64": "q", "U32": "I", "U8": "B", "BOOL": "?"}
NUMPY = {"F32": "f4", "F64": "f8", "F16": "f2", "BF16": "f4", "I32": "i4", "I64": "i8", "U32": "u4", "U8": "u1", "BOOL": "b1"}


def parse(state):
    name, dtype, sizes = state.split(":")
    shape = [int(n) for n in sizes.split("x")] if sizes else []
    count = 1
    for n in shape:
        count *= n
    return name, dtype, shape, [number(dtype, i) for i in range(count)]


def number(dtype, i):
    return i * 7 % 2 == 1 if dtype == "BOOL" else i * 7 % 23 if dtype[0] in "IU" else (i * 7 % 23 - 5) / 4


# ---- reading with the standard library alone ----
def numbers(dtype, data):
    if dtype == "BF16":
        return [struct.unpack("<f", b"\0\0" + data[i : i + 2])[0] for i in range(0, len(data), 2)]
    return list(struct.unpack("<%d%s" % (len(data) // struct.calcsize(CODES[dtype]), CODES[dtype]), data))


def read_safetensors(path):
    with open(path, "rb") as f:
        (n,) = struct.unpack("<Q", f.read(8))
        header = json.loads(f.read(n))
        data = f.read()
    header.pop("__metadata__", None)
    spans = sorted(t["data_offsets"] for t in header.values())
    assert spans[0][0] == 0 and spans[-1][1] == len(data) and all(a[1] == b[0] for a, b in zip(spans, spans[1:])), "holes in the data"
    return {name: (t["dtype"], t["shape"], numbers(t["dtype"], data[slice(*t["data_offsets"])])) for name, t in header.items()}


def read_array(data):
    assert data[:8] == b"\x93NUMPY\x01\0", data[:8]
    (n,) = struct.unpack("<H", data[8:10])
    assert (10 + n) % 64 == 0 and data[9 + n : 10 + n] == b"\n", "a header that is not padded"
    head = ast.literal_eval(data[10 : 10 + n].decode())
    assert sorted(head) == ["descr", "fortran_order", "shape"] and not head["fortran_order"], head
    dtype = next(d for d, descr in NUMPY.items() if head["descr"][1:] == descr)
    return dtype, list(head["shape"]), numbers(dtype, data[10 + n :])


def read_npz(path):
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None, "a wrong sum"
        assert all(i.filename.endswith(".npy") and i.compress_type == zipfile.ZIP_STORED for i in archive.infolist())
        return {i.filename[:-4]: read_array(archive.read(i)) for i in archive.infolist()}


def expect(found, states, npz):
    assert sorted(found) == sorted(state.split(":")[0] for state in states), sorted(found)
    for name, dtype, shape, values in map(parse, states):
        dtype = "F32" if npz and dtype == "BF16" else dtype
        assert found[name] == (dtype, shape, values), (name, found[name], (dtype, shape, values))


def check(path, states):
    npz = path.endswith(".npz")
    expect(read_npz(path) if npz else read_safetensors(path), states, npz)


def libraries(path, states):
    try:
        import numpy as np
        from safetensors.torch import load_file
    except ImportError as missing:
        print(missing)
        sys.exit(77)
    npz = path.endswith(".npz")
    if npz:
        kinds = {np.dtype(kind): dtype for dtype, kind in NUMPY.items() if dtype != "BF16"}
        with np.load(path, allow_pickle=False) as arrays:
            found = {name: (kinds[a.dtype], list(a.shape), a.flatten().tolist()) for name, a in arrays.items()}
    else:
        found = {name: (torch_dtypes()[t.dtype], list(t.shape), t.flatten().tolist()) for name, t in load_file(path).items()}
    expect(found, states, npz)


# ---- making ----
def torch_dtypes():
    import torch

    return {torch.float32: "F32", torch.float64: "F64", torch.float16: "F16", torch.bfloat16: "BF16", torch.int32: "I32",
            torch.int64: "I64", torch.uint8: "U8", torch.bool: "BOOL"}


def make():
    import numpy as np
    import torch
    from safetensors.torch import save_file

    of_name = {name: dtype for dtype, name in torch_dtypes().items()}
    path = lambda name: os.path.join(FOLDER, name)
    os.makedirs(FOLDER, exist_ok=True)
    tensors = {}
    for name, dtype, shape, values in map(parse, STATES):
        tensors[name] = torch.tensor(values, dtype=of_name[dtype]).reshape(shape)
    save_file(tensors, path("whole.safetensors"))
    for name, dtype in (("f16", torch.float16), ("bf16", torch.bfloat16)):
        save_file({k: t.to(dtype) if t.is_floating_point() else t for k, t in tensors.items()}, path(name + ".safetensors"))
    # thirds, which f64 has otherwise than the narrower floats
    save_file({k: t.double() / 3 if t.is_floating_point() else t for k, t in tensors.items()}, path("f64.safetensors"))
    some = {k: tensors[k] for k in ("w", "n", "u")}
    some["b"] = torch.ones(4)
    some["h"] = tensors["h"].float()
    some.update({"head.%d.weight" % i: torch.ones(2) for i in range(10)})
    save_file(some, path("some.safetensors"), metadata={"made": "for a test"})
    save_file({"other": torch.ones(2)}, path("other.safetensors"))
    arrays = {k: (t.float() if t.dtype == torch.bfloat16 else t).numpy() for k, t in tensors.items()}
    np.savez(path("stored.npz"), **arrays)
    np.savez_compressed(path("deflated.npz"), **{k: a.astype(a.dtype.newbyteorder(">")) for k, a in arrays.items()})


if len(sys.argv) == 1:
    make()
else:
    {"check": check, "libraries": libraries}[sys.argv[1]](sys.argv[2], sys.argv[3:])
