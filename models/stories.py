"""Makes of llama2.c's file of weights (version 0: seven int32, then float32) a safetensors file for models/llama_net.lua.

    python3 models/stories.py stories260K.bin stories260K.safetensors
"""
import json
import struct
import sys

with open(sys.argv[1], "rb") as f:
    data = f.read()
dim, hidden, layers, heads, kv_heads, vocab, _ = struct.unpack_from("<7i", data)
kv = dim // heads * kv_heads
stacks = [("attention_norm", [dim]), ("attention.wq", [dim, dim]), ("attention.wk", [kv, dim]), ("attention.wv", [kv, dim]), ("attention.wo", [dim, dim]),
          ("ffn_norm", [dim]), ("feed_forward.w1", [hidden, dim]), ("feed_forward.w2", [dim, hidden]), ("feed_forward.w3", [hidden, dim])]
tensors = [("output.weight", [vocab, dim])]  # the embedding, which the head shares
for name, shape in stacks:
    tensors += [(f"layers.{layer}.{name}.weight", shape) for layer in range(layers)]
header, at = {}, 0
for name, shape in tensors + [("norm.weight", [dim])]:
    size = 4 * shape[0] * (shape[1] if shape[1:] else 1)
    header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [at, at + size]}
    at += size
text = json.dumps(header).encode()
text += b" " * (-len(text) % 8)
with open(sys.argv[2], "wb") as out:
    out.write(struct.pack("<Q", len(text)) + text + data[28 : 28 + at])
