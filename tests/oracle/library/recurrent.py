"""Recurrent layers and cells in PyTorch, f64: outputs, last states, gradients by inputs, initial states and parameters, second derivatives; LSTM also
written out in JAX, which must agree in all of them.

    python3 tests/oracle/library/recurrent.py      (numpy, torch, jax)
"""
import jax
import jax.numpy as jnp
import torch

from attention import filled
from common import agree, record, t, write
from with_jax import jax_numbers

jax.config.update("jax_enable_x64", True)


def flat(*tree):
    parts = []
    for part in tree:
        parts += [flat(*part)] if isinstance(part, tuple) else [part.reshape(-1)]
    return torch.cat(parts)


def layer(case, m, shape, state=None, cell=None):
    p = filled(m, sorted(name for name, _ in m.named_parameters()))
    x, first = t(4, shape), []
    if state:
        first = [t(5, state)] + ([t(6, cell or state)] if "lstm" in case else [])
    given = [tuple(first) if len(first) == 2 else first[0]] if first else []
    inputs = [x] + first + p
    return inputs, record(case, flat(*m(x, *given)), inputs)


def jax_lstm(x, h, c, b_hh, b_ih, w_hh, w_ih):
    def turn(carry, row):
        i, f, g, o = jnp.split(row @ w_ih.T + b_ih + carry[0] @ w_hh.T + b_hh, 4, -1)
        c = jax.nn.sigmoid(f) * carry[1] + jax.nn.sigmoid(i) * jnp.tanh(g)
        h = jax.nn.sigmoid(o) * jnp.tanh(c)
        return (h, c), h

    (h, c), y = jax.lax.scan(turn, (h[0], c[0]), x)
    return jnp.concatenate([y.reshape(-1), h.reshape(-1), c.reshape(-1)])


def main():
    nn = torch.nn
    layer("rnn", nn.RNN(3, 4), (5, 2, 3), (1, 2, 4))
    layer("rnn_relu", nn.RNN(3, 4, 2, nonlinearity="relu", bidirectional=True, bias=False, batch_first=True), (2, 5, 3), (4, 2, 4))
    layer("gru", nn.GRU(3, 4), (5, 2, 3))
    layer("gru_deep", nn.GRU(3, 4, 2, bidirectional=True, dropout=0.4).eval(), (5, 2, 3), (4, 2, 4))
    inputs, numbers = layer("lstm", nn.LSTM(3, 4), (5, 2, 3), (1, 2, 4))
    agree("lstm", numbers, jax_numbers(jax_lstm, inputs))
    layer("lstm_deep", nn.LSTM(3, 4, 2, bidirectional=True, batch_first=True), (2, 5, 3), (4, 2, 4))
    layer("lstm_single", nn.LSTM(3, 4, 3, bias=False), (5, 3), (3, 4))
    layer("lstm_projected", nn.LSTM(3, 4, proj_size=2), (5, 2, 3))
    deep = nn.LSTM(3, 4, 2, bidirectional=True, batch_first=True, bias=False, proj_size=2)
    layer("lstm_projected_deep", deep, (2, 5, 3), (4, 2, 2), (4, 2, 4))
    for case, m in (("cell_rnn", nn.RNNCell(3, 4, nonlinearity="relu")), ("cell_gru", nn.GRUCell(3, 4)), ("cell_lstm", nn.LSTMCell(3, 4))):
        p = filled(m, sorted(name for name, _ in m.named_parameters()))
        x, h, c = t(4, (2, 3)), t(5, (2, 4)), t(6, (2, 4))
        if case == "cell_lstm":
            record(case, flat(*m(x, (h, c))), [x, h, c] + p)
        else:
            record(case, flat(m(x, h)), [x, h] + p)
    cells = {"cell_rnn_odd": nn.RNNCell(2, 3, bias=False), "cell_gru_odd": nn.GRUCell(2, 3, bias=False), "cell_lstm_odd": nn.LSTMCell(2, 3, bias=False)}
    for case, m in cells.items():
        p = filled(m, ["weight_hh", "weight_ih"])
        x = t(4, (3, 2))
        y = m(x)  # from a state of zeros
        record(case, flat(*y) if isinstance(y, tuple) else flat(y), [x] + p)
    write(__file__, f"PyTorch {torch.__version__} and JAX {jax.__version__}")


if __name__ == "__main__":
    main()
