-- A table of text, arrays of NumPy one by one, in an archive and as tensors: what data.sh wrote or tests/oracle/npy.py made.
local nn = require "nn"
local folder = nn.arg("folder", ".")
return nn.program {
  name = "table",
  data = {
    csv = nn.data.csv { file = "t.csv", x = { "width", "kind" }, y = "kind", n = { column = "count", dtype = "i32" }, missing = -1, batch = 3, pad = true,
                        categories = { kind = { "new", "old, used" } } },
    npy = nn.data.npy { x = { file = folder .. "/u1.npy", 2, 3, dtype = "u8", as = "pixels" }, y = { file = folder .. "/labels.npy", dtype = "i64", as = "i32" }, classes = 3, batch = 5 },
    npz = nn.data.npz { file = folder .. "/deflated.npz", x = { 2, 3 }, y = { dtype = "i64" }, batch = 5 },
    tensors = nn.data.safetensors { file = folder .. "/rows.safetensors", x = { 2, 3 }, y = { dtype = "i64", as = "i32" }, batch = 5 },
  },
  csv = nn.func { on = "csv", function(b) return { x = b.x, y = b.y, n = b.n } end },
  arrays = nn.func { on = { "npy", "npz", "tensors" }, function(a, b, c)
    return { x = a.x[1] * 255, y = a.y, z = b.x[1], same = (a.y - b.y):abs():sum() + (a.y - c.y):abs():sum() + (b.x - c.x):abs():sum():cast "i64" }
  end },
  run = { steps = 1, step = { { "csv", write = { x = "x.txt", y = "y.txt", n = "n.txt" } }, { "arrays", write = { x = "ax.txt", y = "ay.txt", z = "az.txt", same = "same.txt" } } } },
}
