"""Recurrent layers over whole sequences: the part that must go step by step, forward and back.

The product of the inputs with their weights is done before, for all steps at once: `pre` is
(length, n, gates hidden), so that a step is one block of memory. What a backward pass needs of the
way is a result too, so that derivatives close. The backward functions are written without writing
into arrays: their own derivatives are taken through these very lines.

sigmoid(x) = (1 + tanh(x / 2)) / 2, so that all gates of a step are one call of np.tanh.
"""

import numpy as np

from .dispatch import Kernel
from .memory import empty


def rnn(pre, u, h0):
    """h_t = tanh(pre_t + h_{t-1} u) (Elman, 1990).

    Shapes: pre (length, n, hidden), u (hidden, hidden), h0 (n, hidden) -> h (length, n, hidden).
    """
    h = empty(pre.shape, np.result_type(pre, u, h0))
    last = h0
    for t in range(pre.shape[0]):
        last = np.tanh(pre[t] + np.dot(last, u))
        h[t] = last
    return h


def rnn_backward(g, h, u):
    """The gradients of `pre` and `h0` of `rnn` from that of its result."""
    back, steps = np.zeros_like(h[0]), []
    for t in range(h.shape[0] - 1, -1, -1):
        step = (g[t] + back) * (1 - h[t] * h[t])
        back = step @ u.T
        steps.append(step)
    return np.stack(steps[::-1]), back


def half_of_sigmoids(gates, hidden, dtype):
    """One row for all gates: 1/2 where a letter of `gates` is s, a sigmoid, 1 where t, a tanh."""
    return np.repeat(np.array([0.5 if gate == "s" else 1 for gate in gates], dtype), hidden)


@Kernel
def lstm(pre, u, h0, c0):
    """Long short-term memory: gates i, f, g, o = sigmoid, sigmoid, tanh, sigmoid(pre + h u).

    c_t = f c_{t-1} + i g;  h_t = o tanh(c_t).  Gives h, c and the values of the gates.

    Shapes: pre (length, n, 4 hidden), u (hidden, 4 hidden), h0 and c0 (n, hidden)
    -> h and c (length, n, hidden), gates (length, n, 4 hidden).
    Source: Hochreiter & Schmidhuber (1997); with the forget gate of Gers et al. (2000).
    """
    (length, n, _), hidden = pre.shape, u.shape[0]
    dtype = np.result_type(pre, u, h0, c0)
    gates = empty(pre.shape, dtype)
    h, c = empty((length, n, hidden), dtype), empty((length, n, hidden), dtype)
    half = half_of_sigmoids("ssts", hidden, np.empty(0, dtype).real.dtype)
    last_h, last_c = h0, c0
    for t in range(length):
        gate = np.tanh((pre[t] + np.dot(last_h, u)) * half) * half + (1 - half)
        i, f, g, o = np.split(gate, 4, axis=1)
        last_c = f * last_c + i * g
        last_h = o * np.tanh(last_c)
        h[t], c[t], gates[t] = last_h, last_c, gate
    return h, c, gates


@Kernel
def lstm_backward(g_h, g_c, g_gates, c, gates, u, c0):
    """The gradients of `pre`, `h0` and `c0` of `lstm` from those of its three results."""
    back, cell, steps = np.zeros_like(c0), np.zeros_like(c0), []
    for t in range(c.shape[0] - 1, -1, -1):
        i, f, g, o = np.split(gates[t], 4, axis=1)
        g_i, g_f, g_g, g_o = np.split(g_gates[t], 4, axis=1)
        before, out = c[t - 1] if t else c0, np.tanh(c[t])
        slope = g_h[t] + back
        cell = cell + g_c[t] + slope * o * (1 - out * out)
        parts = [
            (cell * g + g_i) * (i * (1 - i)),
            (cell * before + g_f) * (f * (1 - f)),
            (cell * i + g_g) * (1 - g * g),
            (slope * out + g_o) * (o * (1 - o)),
        ]
        step = np.concatenate(parts, axis=1)
        back, cell = step @ u.T, cell * f
        steps.append(step)
    return np.stack(steps[::-1]), back, cell


@Kernel
def gru(pre, u, bias, h0):
    """Gated recurrent unit: r, z = sigmoid(pre + h u);  m = h u + bias;  k = tanh(pre + r m).

    h_t = (1 - z) k + z h_{t-1}.  `pre` and `u` have parts for r, z and k side by side. Gives h
    and the values of r, z, k and m.

    Shapes: pre (length, n, 3 hidden), u (hidden, 3 hidden), bias (hidden,), h0 (n, hidden)
    -> h (length, n, hidden), gates (length, n, 4 hidden).
    Source: Cho et al. (2014), in the form of PyTorch, with `bias` inside the product with r.
    """
    (length, n, _), hidden = pre.shape, u.shape[0]
    dtype = np.result_type(pre, u, bias, h0)
    h, gates = empty((length, n, hidden), dtype), empty((length, n, 4 * hidden), dtype)
    last = h0
    for t in range(length):
        inner = np.dot(last, u)
        gate = np.tanh((pre[t, :, : 2 * hidden] + inner[:, : 2 * hidden]) * 0.5) * 0.5 + 0.5
        r, z = np.split(gate, 2, axis=1)
        m = inner[:, 2 * hidden :] + bias
        k = np.tanh(pre[t, :, 2 * hidden :] + r * m)
        last = k + z * (last - k)
        h[t], gates[t] = last, np.concatenate([r, z, k, m], axis=1)
    return h, gates


@Kernel
def gru_backward(g_h, g_gates, h, gates, u, h0):
    """The gradients of `pre`, of the products h u at every step, and of `h0`, of `gru`."""
    back, steps, inner = np.zeros_like(h0), [], []
    for t in range(h.shape[0] - 1, -1, -1):
        r, z, k, m = np.split(gates[t], 4, axis=1)
        g_r, g_z, g_k, g_m = np.split(g_gates[t], 4, axis=1)
        before = h[t - 1] if t else h0
        slope = g_h[t] + back
        d_k = (slope * (1 - z) + g_k) * (1 - k * k)
        d_r = (d_k * m + g_r) * (r * (1 - r))
        d_z = (slope * (before - k) + g_z) * (z * (1 - z))
        d_inner = np.concatenate([d_r, d_z, d_k * r + g_m], axis=1)
        steps.append(np.concatenate([d_r, d_z, d_k], axis=1))
        inner.append(d_inner)
        back = slope * z + d_inner @ u.T
    return np.stack(steps[::-1]), np.stack(inner[::-1]), back
