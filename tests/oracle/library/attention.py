"""Attention and the Transformer's layers in PyTorch, f64: outputs, gradients by inputs and parameters, second derivatives; attention also in JAX, which
must agree; positions by their papers' formulas.

    python3 tests/oracle/library/attention.py      (numpy, torch, jax)
"""
import jax
import jax.numpy as jnp
import numpy as np
import torch
import torch.nn.functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel

from common import project, put, record, t, write
from with_jax import both

jax.config.update("jax_enable_x64", True)
sdpa = F.scaled_dot_product_attention


def attend(q, k, v, mask=None, scale=None):
    s = jnp.einsum("...ld,...sd->...ls", q, k) * (q.shape[-1] ** -0.5 if scale is None else scale)
    if mask is not None:
        s = jnp.where(mask, s, -jnp.inf) if mask.dtype == bool else s + mask
    return jax.nn.softmax(s, -1) @ v


def functions():
    q, k, v = t(4, (2, 3, 5, 4), 2.0), t(5, (2, 3, 7, 4), 2.0), t(6, (2, 3, 7, 6))
    both("sdpa", sdpa(q, k, v), [q, k, v], attend)
    both("sdpa_scale", sdpa(q, k, v, scale=0.3), [q, k, v], lambda *a: attend(*a, scale=0.3))
    seen = t(7, (5, 7), grad=False) > -0.3
    both("sdpa_mask", sdpa(q, k, v, attn_mask=seen), [q, k, v], lambda *a: attend(*a, jnp.asarray(seen.numpy())))
    added = t(8, (2, 1, 5, 7))
    record("sdpa_add", sdpa(q, k, v, attn_mask=added), [q, k, v, added])
    blind = seen.clone()
    blind[2] = False
    record("sdpa_blind", sdpa(q, k, v, attn_mask=blind), [q, k, v])
    q, k, v = t(4, (3, 5, 4), 2.0), t(5, (3, 5, 4), 2.0), t(6, (3, 5, 4))
    both("sdpa_causal", sdpa(q, k, v, is_causal=True), [q, k, v], lambda *a: attend(*a, jnp.tril(jnp.ones((5, 5), bool))))
    q, k, v = t(4, (2, 6, 5, 4), 2.0), t(5, (2, 2, 5, 4), 2.0), t(6, (2, 2, 5, 3))
    spread = lambda x: x.repeat_interleave(3, 1)  # noqa: E731
    record("sdpa_grouped", sdpa(q, spread(k), spread(v), is_causal=True), [q, k, v])

    # long enough to go through in blocks of queries: 2 of 35, 3 of 44 and two rows of filling
    q, k, v = t(4, (2, 70, 4), 2.0), t(5, (2, 70, 4), 2.0), t(6, (2, 70, 3))
    both("sdpa_long", sdpa(q, k, v, is_causal=True), [q, k, v], lambda *a: attend(*a, jnp.tril(jnp.ones((70, 70), bool))))
    q, k, v = t(4, (130, 4), 2.0), t(5, (70, 4), 2.0), t(6, (70, 3))
    seen = t(7, (130, 70), grad=False) > -0.3
    both("sdpa_long_mask", sdpa(q, k, v, attn_mask=seen), [q, k, v], lambda *a: attend(*a, jnp.asarray(seen.numpy())))
    added, one = t(8, (130, 70)), t(9, (1, 70))
    record("sdpa_long_add", sdpa(q, k, v, attn_mask=added), [q, k, v, added])
    record("sdpa_long_row", sdpa(q, k, v, attn_mask=one.expand(130, 70)), [q, k, v, one])
    q, k, v = t(4, (6, 70, 4), 2.0), t(5, (2, 70, 4), 2.0), t(6, (2, 70, 3))
    spread = lambda x: x.repeat_interleave(3, 0)  # noqa: E731
    record("sdpa_long_grouped", sdpa(q, spread(k), spread(v), is_causal=True), [q, k, v])
    weights = (q @ spread(k).mT / 2).softmax(-1)
    put("sdpa_long_weights", "y", project(weights, 50))


def filled(module, names, first=10):
    """The parameters of these names, filled with the formula's tensors first, first + 1, …"""
    given = dict(module.named_parameters())
    assert sorted(given) == sorted(names), sorted(given)
    with torch.no_grad():
        for i, name in enumerate(names):
            given[name].copy_(t(first + i, tuple(given[name].shape), grad=False))
    return [given[name] for name in names]


MHA = ["in_proj_bias", "in_proj_weight", "out_proj.bias", "out_proj.weight"]


def heads():
    nn = torch.nn
    m = nn.MultiheadAttention(6, 3)
    p = filled(m, MHA)
    x = t(4, (5, 2, 6))
    y, w = m(x, x, x, average_attn_weights=False)
    record("mha", y, [x] + p)
    put("mha_weights", "y", project(w, 50))
    mask = torch.triu(torch.ones(5, 5, dtype=torch.bool), 1)  # torch: true is forbidden
    record("mha_causal", m(x, x, x, attn_mask=mask, need_weights=False)[0], [x] + p)
    m = nn.MultiheadAttention(6, 2, kdim=5, vdim=4, batch_first=True, bias=False)
    p = filled(m, ["k_proj_weight", "out_proj.weight", "q_proj_weight", "v_proj_weight"])
    q, k, v = t(4, (2, 3, 6)), t(5, (2, 7, 5)), t(6, (2, 7, 4))
    record("mha_cross", m(q, k, v)[0], [q, k, v] + p)
    padding = torch.zeros(2, 7, dtype=torch.bool)
    padding[0, 5:], padding[1, 2] = True, True
    seen = t(7, (3, 7), grad=False) > -0.5
    seen[:, 0] = True
    record("mha_padding", m(q, k, v, key_padding_mask=padding, attn_mask=~seen)[0], [q, k, v] + p)
    # grouped queries: torch's module has none; its rows of k and v for each head, written twice
    x, w, b, ow, ob = t(4, (2, 5, 8)), t(11, (16, 8)), t(10, (16,)), t(13, (8, 8)), t(12, (8,))
    a = F.linear(x, w, b)
    split = lambda y: y.reshape(2, 5, -1, 2).transpose(1, 2)  # noqa: E731
    q, k, v = split(a[..., :8]), split(a[..., 8:12]).repeat_interleave(2, 1), split(a[..., 12:]).repeat_interleave(2, 1)
    y = sdpa(q, k, v, is_causal=True).transpose(1, 2).reshape(2, 5, 8)
    record("mha_grouped", F.linear(y, ow, ob), [x, b, w, ob, ow])


def layers():
    nn = torch.nn
    attention = ["self_attn." + n for n in MHA]
    rest = ["linear1.bias", "linear1.weight", "linear2.bias", "linear2.weight", "norm1.bias", "norm1.weight", "norm2.bias", "norm2.weight"]
    x = t(4, (5, 2, 6))
    m = nn.TransformerEncoderLayer(6, 3, dim_feedforward=9).eval()
    p = filled(m, attention + rest)
    record("encoder", m(x), [x] + p)
    m = nn.TransformerEncoderLayer(6, 2, dim_feedforward=7, activation="gelu", norm_first=True, batch_first=True, layer_norm_eps=1e-3).eval()
    x = t(4, (2, 5, 6))
    mask = nn.Transformer.generate_square_subsequent_mask(5)
    p = filled(m, attention + rest)
    record("encoder_first", m(x, src_mask=mask, is_causal=True), [x] + p)
    cross = ["multihead_attn." + n for n in MHA]
    for name, first in (("decoder", False), ("decoder_first", True)):
        m = nn.TransformerDecoderLayer(6, 3, dim_feedforward=9, norm_first=first, batch_first=True).eval()
        x, memory = t(4, (2, 5, 6)), t(5, (2, 7, 6))
        p = filled(m, attention + cross + rest + ["norm3.bias", "norm3.weight"])
        record(name, m(x, memory, tgt_mask=mask, tgt_is_causal=True), [x, memory] + p)
    # two layers and a last norm; torch copies one layer, so the stacks here are of layers of their own
    both_norms = ["norm.bias", "norm.weight"]
    of = lambda names: [f"layers.{i}.{n}" for i in range(2) for n in names]  # noqa: E731
    x, memory = t(4, (2, 5, 6)), t(5, (2, 7, 6))
    m = nn.TransformerEncoder(nn.TransformerEncoderLayer(6, 2, 7, batch_first=True, norm_first=True), 2, nn.LayerNorm(6), enable_nested_tensor=False).eval()
    p = filled(m, of(attention + rest) + both_norms)
    record("encoder_stack", m(x, mask=mask, is_causal=True), [x] + p)
    m = nn.TransformerDecoder(nn.TransformerDecoderLayer(6, 3, 8, batch_first=True), 2, nn.LayerNorm(6)).eval()
    p = filled(m, of(attention + cross + rest + ["norm3.bias", "norm3.weight"]) + both_norms)
    record("decoder_stack", m(x, memory, tgt_mask=mask, tgt_is_causal=True), [x, memory] + p)
    one = lambda names: ["layers.0." + n for n in names]  # noqa: E731
    x, memory = t(4, (3, 1, 3)), t(5, (2, 1, 3))
    m = nn.TransformerEncoder(nn.TransformerEncoderLayer(3, 1, 5, dropout=0.4), 1, enable_nested_tensor=False).eval()
    p = filled(m, one(attention + rest))
    record("encoder_one", m(x), [x] + p)
    m = nn.TransformerDecoder(nn.TransformerDecoderLayer(3, 1, 5, dropout=0.4), 1).eval()
    p = filled(m, one(attention + cross + rest + ["norm3.bias", "norm3.weight"]))
    record("decoder_one", m(x, memory), [x, memory] + p)


def small():
    a, b, w, bias = t(4, (3, 2, 5)), t(5, (3, 2, 4)), t(6, (7, 5, 4)), t(7, (7,))
    record("bilinear", F.bilinear(a, b, w, bias), [a, b, w, bias])
    a, b, w = t(4, (1, 3)), t(5, (1, 2)), t(6, (5, 3, 2))
    record("bilinear_plain", F.bilinear(a, b, w), [a, b, w])
    table = t(4, (6, 5))
    index = torch.tensor([[0, 2, 5, 2], [1, 2, 2, 3]])
    record("padded", F.embedding(index, table, padding_idx=2), [table])
    y = F.linear(torch.tanh(F.embedding(index, table)), table)
    record("tied", y, [table])
    table = t(4, (3, 1))
    record("tied_one", F.linear(F.embedding(torch.tensor([2, 0, 2]), table) ** 2, table), [table])
    x, table = t(4, (2, 5, 6)), t(5, (9, 6))
    record("learned", x + table[:5], [x, table])
    x, table = t(4, (3, 3)), t(5, (3, 3))
    record("learned_whole", x + table, [x, table])
    for case, adjacent in (("rotary", False), ("rotary_adjacent", True)):
        rotations(case, (2, 3, 5, 6), 10000.0, adjacent, 5)
        rotations(case + "_odd", (1, 2), 100.0, adjacent, 3)
    T, D = 7, 6
    angle = np.arange(T)[:, None] / 10000 ** (2 * np.arange(D // 2) / D)
    table = np.zeros((T, D))
    table[:, 0::2], table[:, 1::2] = np.sin(angle), np.cos(angle)
    put("positions", "sinusoidal", project(torch.as_tensor(table), 50))
    x = t(4, (2, T, D), grad=False).numpy()
    turn = np.exp(1j * angle)
    z = (x[..., 0::2] + 1j * x[..., 1::2]) * turn  # Su et al. 2021: pairs are complex numbers
    put("positions", "rotary_adjacent", project(torch.as_tensor(np.stack([z.real, z.imag], -1).reshape(2, T, D)), 50))
    z = (x[..., : D // 2] + 1j * x[..., D // 2 :]) * turn
    put("positions", "rotary", project(torch.as_tensor(np.concatenate([z.real, z.imag], -1)), 50))
    put("positions", "alibi", project(torch.as_tensor(alibi(6, 4, 5)), 50))
    put("positions", "alibi_odd", project(torch.as_tensor(alibi(3, 5, 5)), 50))
    T, D = 3, 4
    angle = np.arange(T)[:, None] / 50 ** (2 * np.arange(D // 2) / D)
    put("positions", "sinusoidal_odd", project(torch.as_tensor(np.stack([np.sin(angle), np.cos(angle)], -1).reshape(T, D)), 50))


def rotations(case, shape, base, adjacent, T):
    """Su et al. 2021, pairs as complex numbers, by x."""
    x = t(4, (*shape[:-2], T, shape[-1]))
    D = shape[-1]
    angle = torch.as_tensor(np.arange(T)[:, None] / base ** (2 * np.arange(D // 2) / D)).to(x.dtype)
    parts = (x[..., 0::2], x[..., 1::2]) if adjacent else (x[..., : D // 2], x[..., D // 2 :])
    a, b = parts[0] * angle.cos() - parts[1] * angle.sin(), parts[0] * angle.sin() + parts[1] * angle.cos()
    y = torch.stack([a, b], -1).flatten(-2) if adjacent else torch.cat([a, b], -1)
    record(case, y, [x], twin=True)


def slopes(n):
    """The function of the paper's code."""
    if np.log2(n).is_integer():
        start = 2 ** (-(2 ** -(np.log2(n) - 3)))
        return [start ** (i + 1) for i in range(n)]
    power = 2 ** int(np.floor(np.log2(n)))
    return slopes(power) + slopes(2 * power)[0::2][: n - power]


def alibi(heads, L, S):
    return np.array(slopes(heads))[:, None, None] * (np.arange(S)[None, None, :] - np.arange(L)[None, :, None])


def main():
    with sdpa_kernel(SDPBackend.MATH):
        functions()
        heads()
        layers()
    small()
    write(__file__, f"PyTorch {torch.__version__} and JAX {jax.__version__}")


if __name__ == "__main__":
    main()
