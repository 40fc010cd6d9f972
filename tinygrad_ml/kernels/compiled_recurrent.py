"""The compiled twins of `recurrent`: everything between the products of a step in one loop.

The products and np.tanh stay NumPy's: small products run in one thread there, and its tanh uses
the vector instructions that a compiled loop would not.
"""

import numpy as np

from . import recurrent
from .compiler import contiguous, loop
from .memory import empty


def lstm(pre, u, h0, c0):
    if not pre.dtype == u.dtype == h0.dtype == c0.dtype:
        return recurrent.lstm.numpy(pre, u, h0, c0)
    (n, length, width), hidden = pre.shape, u.shape[0]
    gates = empty(pre.shape, pre.dtype)
    h, c = (empty((n, length, hidden), pre.dtype) for _ in range(2))
    half = recurrent.half_of_sigmoids("ssts", hidden, pre.dtype)
    pre, u = contiguous(pre), contiguous(u)
    last_h, last_c = h0.copy(), c0.copy()
    z, out = np.empty((n, width), pre.dtype), np.empty((n, hidden), pre.dtype)
    for t in range(length):
        np.dot(last_h, u, out=z)
        _halve(z, pre, half, t)
        np.tanh(z, out=z)
        _lstm_cell(z, half, gates, c, last_c, t)
        np.tanh(last_c, out=out)
        _lstm_out(out, gates, h, last_h, t)
    return h, c, gates


@loop
def _halve(z, pre, half, t):
    """What tanh is taken of: half of the sum for a sigmoid, the sum for a tanh."""
    for i in range(z.shape[0]):
        row, given = z[i], pre[i, t]
        for j in range(row.size):
            row[j] = (row[j] + given[j]) * half[j]


@loop
def _lstm_cell(z, half, gates, c, last, t):
    one = z.dtype.type(1)  # a Python number would turn float32 into float64
    hidden = last.shape[1]
    for k in range(z.shape[0]):
        gate, row, cell, saved = gates[k, t], z[k], last[k], c[k, t]
        for j in range(row.size):
            gate[j] = row[j] * half[j] + (one - half[j])
        i, f, g = gate[:hidden], gate[hidden : 2 * hidden], gate[2 * hidden : 3 * hidden]
        for j in range(hidden):
            cell[j] = f[j] * cell[j] + i[j] * g[j]
            saved[j] = cell[j]


@loop
def _lstm_out(out, gates, h, last, t):
    hidden = last.shape[1]
    for k in range(out.shape[0]):
        o, row, value, saved = gates[k, t, 3 * hidden :], out[k], last[k], h[k, t]
        for j in range(hidden):
            value[j] = o[j] * row[j]
            saved[j] = value[j]


def lstm_backward(g_h, g_c, g_gates, c, gates, u, c0):
    arrays = g_h, g_c, g_gates, c, gates, c0
    if any(x.dtype != u.dtype for x in arrays):
        return recurrent.lstm_backward.numpy(g_h, g_c, g_gates, c, gates, u, c0)
    out = np.tanh(c, out=empty(c.shape, c.dtype))
    g_h, g_c, g_gates, c, gates, c0 = map(contiguous, arrays)
    across = np.ascontiguousarray(u.T)
    slopes = empty(gates.shape, gates.dtype)
    step = np.empty((len(c), gates.shape[2]), c.dtype)
    back, cell = np.zeros_like(c0), np.zeros_like(c0)
    for t in range(c.shape[1] - 1, -1, -1):
        _lstm_step_back(g_h, g_c, g_gates, c, gates, c0, out, back, cell, slopes, step, t)
        np.dot(step, across, out=back)
    return slopes, back, cell


@loop
def _lstm_step_back(g_h, g_c, g_gates, c, gates, c0, out, back, cell, slopes, step, t):
    one = c.dtype.type(1)
    n, hidden = cell.shape
    for k in range(n):
        gate, extra, row, saved = gates[k, t], g_gates[k, t], step[k], slopes[k, t]
        before = c[k, t - 1] if t else c0[k]
        for j in range(hidden):
            i, f, g, o = gate[j], gate[j + hidden], gate[j + 2 * hidden], gate[j + 3 * hidden]
            value = out[k, t, j]
            slope = g_h[k, t, j] + back[k, j]
            inner = cell[k, j] + g_c[k, t, j] + slope * o * (one - value * value)
            row[j] = (inner * g + extra[j]) * (i * (one - i))
            row[j + hidden] = (inner * before[j] + extra[j + hidden]) * (f * (one - f))
            row[j + 2 * hidden] = (inner * i + extra[j + 2 * hidden]) * (one - g * g)
            row[j + 3 * hidden] = (slope * value + extra[j + 3 * hidden]) * (o * (one - o))
            cell[k, j] = inner * f
        for j in range(row.size):
            saved[j] = row[j]


def gru(pre, u, bias, h0):
    if not pre.dtype == u.dtype == bias.dtype == h0.dtype:
        return recurrent.gru.numpy(pre, u, bias, h0)
    (n, length, width), hidden = pre.shape, u.shape[0]
    h, gates = (empty((n, length, m * hidden), pre.dtype) for m in (1, 4))
    pre, u, bias, last = contiguous(pre), contiguous(u), contiguous(bias), h0.copy()
    inner = np.empty((n, width), pre.dtype)
    rz, k = np.empty((n, 2 * hidden), pre.dtype), np.empty((n, hidden), pre.dtype)
    for t in range(length):
        np.dot(last, u, out=inner)
        _gru_halves(inner, pre, rz, t)
        np.tanh(rz, out=rz)
        _gru_gates(rz, inner, bias, pre, gates, k, t)
        np.tanh(k, out=k)
        _gru_out(k, gates, h, last, t)
    return h, gates


@loop
def _gru_halves(inner, pre, rz, t):
    half = pre.dtype.type(0.5)
    for i in range(rz.shape[0]):
        row, product, given = rz[i], inner[i], pre[i, t]
        for j in range(row.size):
            row[j] = (product[j] + given[j]) * half


@loop
def _gru_gates(rz, inner, bias, pre, gates, k, t):
    half = pre.dtype.type(0.5)
    hidden = k.shape[1]
    for i in range(k.shape[0]):
        row, gate, product, given = rz[i], gates[i, t], inner[i], pre[i, t]
        for j in range(2 * hidden):
            gate[j] = row[j] * half + half
        for j in range(hidden):
            m = product[j + 2 * hidden] + bias[j]
            gate[j + 3 * hidden] = m
            k[i, j] = given[j + 2 * hidden] + gate[j] * m


@loop
def _gru_out(k, gates, h, last, t):
    hidden = k.shape[1]
    for i in range(k.shape[0]):
        gate, value, saved = gates[i, t], last[i], h[i, t]
        for j in range(hidden):
            gate[j + 2 * hidden] = k[i, j]
            value[j] = k[i, j] + gate[j + hidden] * (value[j] - k[i, j])
            saved[j] = value[j]


def gru_backward(g_h, g_gates, h, gates, u, h0):
    arrays = g_h, g_gates, h, gates, h0
    if any(x.dtype != u.dtype for x in arrays):
        return recurrent.gru_backward.numpy(g_h, g_gates, h, gates, u, h0)
    g_h, g_gates, h, gates, h0 = map(contiguous, arrays)
    across = np.ascontiguousarray(u.T)
    shape = (*h.shape[:2], u.shape[1])
    slopes, inner = empty(shape, h.dtype), empty(shape, h.dtype)
    step = np.empty((len(h), u.shape[1]), h.dtype)
    back, kept = np.zeros_like(h0), np.zeros_like(h0)
    for t in range(h.shape[1] - 1, -1, -1):
        _gru_step_back(g_h, g_gates, h, gates, h0, back, kept, slopes, inner, step, t)
        np.dot(step, across, out=back)
        back += kept
    return slopes, inner, back


@loop
def _gru_step_back(g_h, g_gates, h, gates, h0, back, kept, slopes, inner, step, t):
    one = h.dtype.type(1)
    n, hidden = back.shape
    for i in range(n):
        gate, extra, row, saved = gates[i, t], g_gates[i, t], step[i], slopes[i, t]
        before = h[i, t - 1] if t else h0[i]
        for j in range(hidden):
            r, z, k, m = gate[j], gate[j + hidden], gate[j + 2 * hidden], gate[j + 3 * hidden]
            slope = g_h[i, t, j] + back[i, j]
            d_k = (slope * (one - z) + extra[j + 2 * hidden]) * (one - k * k)
            row[j] = (d_k * m + extra[j]) * (r * (one - r))
            row[j + hidden] = (slope * (before[j] - k) + extra[j + hidden]) * (z * (one - z))
            row[j + 2 * hidden] = d_k * r + extra[j + 3 * hidden]
            saved[j + 2 * hidden] = d_k
            kept[i, j] = slope * z
        for j in range(2 * hidden):
            saved[j] = row[j]
        for j in range(row.size):
            inner[i, t, j] = row[j]
