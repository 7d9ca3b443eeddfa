"""embed.py: embed.c once more, from Python through ctypes, without any package: trains models/fashion_mlp.lua as a library.

    nnc models/fashion_mlp.lua --lib -o fashion_mlp.c
    cc -O3 -march=native -shared -fPIC -Iruntime fashion_mlp.c -Lbuild/runtime -lnnrt -lz -lm -pthread -o fashion_mlp.so
    python3 examples/embed.py ./fashion_mlp.so /usr/share/datasets/fashion-mnist 468 weights.safetensors 2

Types and functions are those of fashion_mlp.h. It prints what embed.c prints, and its weights are the same to the bit.
"""
import ctypes as c
import gzip
import sys

ROWS, PIXELS, BATCH = 128, 28 * 28, 250


class TrainOutputs(c.Structure):
    _fields_ = [("loss", c.c_float)]


class ValidateOutputs(c.Structure):
    _fields_ = [("accuracy", c.c_float), ("loss", c.c_float)]


class State(c.Structure):
    _fields_ = [("name", c.c_char_p), ("dtype", c.c_char_p), ("rank", c.c_int), ("shape", c.c_int64 * 8),
                ("count", c.c_int64), ("data", c.c_void_p), ("trained", c.c_int), ("saved", c.c_int)]


class Model:
    """A context; its methods are the functions fashion_mlp_NAME, and raise what _error says."""

    def __init__(self, path, threads):
        self.library = c.CDLL(path)
        self.library.fashion_mlp_create.restype = self.library.fashion_mlp_state_names.restype = c.c_void_p
        self.library.fashion_mlp_error.restype = c.c_char_p
        self.context = c.c_void_p(self.library.fashion_mlp_create(threads))
        if not self.context:
            raise RuntimeError(self.library.fashion_mlp_error(None).decode())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.library.fashion_mlp_destroy(self.context)

    def __getattr__(self, name):
        function = getattr(self.library, "fashion_mlp_" + name)

        def call(*arguments):
            if function(self.context, *arguments):
                raise RuntimeError(self.library.fashion_mlp_error(self.context).decode())

        return call

    def values(self, name):
        """The f32 elements of a state, as they are now."""
        state = State()
        self.get_state(name.encode(), c.byref(state))
        return list((c.c_float * state.count).from_address(state.data))


def idx(folder, name, header):
    """The elements of an IDX file behind its header."""
    with gzip.open(f"{folder}/{name}-ubyte.gz") as file:
        return file.read()[header:]


def main(path, folder, steps, weights, threads):
    x, y = idx(folder, "train-images-idx3", 16), idx(folder, "train-labels-idx1", 8)
    with Model(path, int(threads)) as model:
        model.init(c.c_uint64(7))
        model.set_total_steps(c.c_int64(int(steps)))
        trained, validated = TrainOutputs(), ValidateOutputs()
        for step in range(int(steps)):
            row = step % (len(y) // ROWS) * ROWS
            model.train(ROWS, x[row * PIXELS:(row + ROWS) * PIXELS], y[row:row + ROWS], c.byref(trained))
            if (step + 1) % 50 == 0:
                print(f"step {step + 1}: loss {trained.loss:.9g}")
        x, y = idx(folder, "t10k-images-idx3", 16), idx(folder, "t10k-labels-idx1", 8)
        for row in range(0, len(y), BATCH):
            model.validate(BATCH, x[row * PIXELS:(row + BATCH) * PIXELS], y[row:row + BATCH], int(row == 0), c.byref(validated))
        print(f"accuracy {validated.accuracy:.4f}")
        largest = max(map(abs, model.values("5.bias")))
        print(f"largest bias of the last layer {largest:.4f}", file=sys.stderr)
        model.save(weights.encode())


if __name__ == "__main__":
    main(*sys.argv[1:])
