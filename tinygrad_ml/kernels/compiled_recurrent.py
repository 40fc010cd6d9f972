"""The compiled twins of `recurrent`: what stands between the products of a step, in loops.

The products and np.tanh stay NumPy's: small products run in one thread there, and its tanh uses
vector instructions that a compiled loop would not. Everything is computed where it is kept: a step
is a matrix in one piece of memory.
"""

import numpy as np

from . import recurrent
from .compiler import contiguous, loop
from .memory import empty


def lstm(pre, u, h0, c0):
    if not pre.dtype == u.dtype == h0.dtype == c0.dtype:
        return recurrent.lstm.numpy(pre, u, h0, c0)
    (length, n, _), hidden = pre.shape, u.shape[0]
    gates = empty(pre.shape, pre.dtype)
    h, c = (empty((length, n, hidden), pre.dtype) for _ in range(2))
    half = recurrent.half_of_sigmoids("ssts", hidden, pre.dtype)
    pre, u = contiguous(pre), contiguous(u)
    last_h, last_c = h0, c0.copy()
    for gate, given, new_h, new_c in zip(gates, pre, h, c):
        np.dot(last_h, u, out=gate)
        _halve(gate, given, half)
        np.tanh(gate, out=gate)
        _lstm_cell(gate, half, last_c, new_c)
        np.tanh(new_c, out=new_h)
        _lstm_out(gate, new_h)
        last_h, last_c = new_h, new_c
    return h, c, gates


@loop
def _halve(gate, given, half):
    """What tanh is taken of: half of the sum for a sigmoid, the sum for a tanh."""
    for i in range(gate.shape[0]):
        row, addend = gate[i], given[i]
        for j in range(row.size):
            row[j] = (row[j] + addend[j]) * half[j]


@loop
def _lstm_cell(gate, half, last, new):
    one = gate.dtype.type(1)  # a Python number would turn float32 into float64
    hidden = last.shape[1]
    for k in range(gate.shape[0]):
        row, before, cell = gate[k], last[k], new[k]
        for j in range(row.size):
            row[j] = row[j] * half[j] + (one - half[j])
        i, f, g = row[:hidden], row[hidden : 2 * hidden], row[2 * hidden : 3 * hidden]
        for j in range(hidden):
            cell[j] = f[j] * before[j] + i[j] * g[j]


@loop
def _lstm_out(gate, h):
    hidden = h.shape[1]
    for k in range(h.shape[0]):
        o, row = gate[k, 3 * hidden :], h[k]
        for j in range(hidden):
            row[j] *= o[j]


def lstm_backward(g_h, g_c, g_gates, c, gates, u, c0):
    arrays = g_h, g_c, g_gates, c, gates, c0
    if any(x.dtype != u.dtype for x in arrays):
        return recurrent.lstm_backward.numpy(g_h, g_c, g_gates, c, gates, u, c0)
    out = contiguous(np.tanh(c, out=empty(c.shape, c.dtype)))
    g_h, g_c, g_gates, c, gates, c0 = map(contiguous, arrays)
    across = np.ascontiguousarray(u.T)
    slopes = empty(gates.shape, gates.dtype)
    back, cell = np.zeros_like(c0), np.zeros_like(c0)
    for t in range(len(c) - 1, -1, -1):
        before = c[t - 1] if t else c0
        _lstm_step_back(g_h[t], g_c[t], g_gates[t], before, gates[t], out[t], back, cell, slopes[t])
        np.dot(slopes[t], across, out=back)
    return slopes, back, cell


@loop
def _lstm_step_back(g_h, g_c, g_gates, before, gates, out, back, cell, slopes):
    one = gates.dtype.type(1)
    n, hidden = cell.shape
    for k in range(n):
        gate, extra, row = gates[k], g_gates[k], slopes[k]
        for j in range(hidden):
            i, f, g, o = gate[j], gate[j + hidden], gate[j + 2 * hidden], gate[j + 3 * hidden]
            value = out[k, j]
            slope = g_h[k, j] + back[k, j]
            inner = cell[k, j] + g_c[k, j] + slope * o * (one - value * value)
            row[j] = (inner * g + extra[j]) * (i * (one - i))
            row[j + hidden] = (inner * before[k, j] + extra[j + hidden]) * (f * (one - f))
            row[j + 2 * hidden] = (inner * i + extra[j + 2 * hidden]) * (one - g * g)
            row[j + 3 * hidden] = (slope * value + extra[j + 3 * hidden]) * (o * (one - o))
            cell[k, j] = inner * f


def gru(pre, u, bias, h0):
    if not pre.dtype == u.dtype == bias.dtype == h0.dtype:
        return recurrent.gru.numpy(pre, u, bias, h0)
    (length, n, width), hidden = pre.shape, u.shape[0]
    h, gates = (empty((length, n, m * hidden), pre.dtype) for m in (1, 4))
    pre, u, bias, last = contiguous(pre), contiguous(u), contiguous(bias), h0.copy()
    inner, rz = np.empty((n, width), pre.dtype), np.empty((n, 2 * hidden), pre.dtype)
    for gate, given, new in zip(gates, pre, h):
        np.dot(last, u, out=inner)
        _gru_halves(inner, given, rz)
        np.tanh(rz, out=rz)
        _gru_gates(rz, inner, bias, given, gate, new)
        np.tanh(new, out=new)
        _gru_out(gate, last, new)
        last = new
    return h, gates


@loop
def _gru_halves(inner, given, rz):
    half = rz.dtype.type(0.5)
    for i in range(rz.shape[0]):
        row, product, addend = rz[i], inner[i], given[i]
        for j in range(row.size):
            row[j] = (product[j] + addend[j]) * half


@loop
def _gru_gates(rz, inner, bias, given, gates, k):
    """r, z and m into their places, and what the candidate is the tanh of into k."""
    half = rz.dtype.type(0.5)
    hidden = k.shape[1]
    for i in range(k.shape[0]):
        row, gate, product, addend, candidate = rz[i], gates[i], inner[i], given[i], k[i]
        for j in range(2 * hidden):
            gate[j] = row[j] * half + half
        for j in range(hidden):
            m = product[j + 2 * hidden] + bias[j]
            gate[j + 3 * hidden] = m
            candidate[j] = addend[j + 2 * hidden] + gate[j] * m


@loop
def _gru_out(gates, last, h):
    """From the candidate in h to the new h, (1 - z) k + z h."""
    hidden = h.shape[1]
    for i in range(h.shape[0]):
        gate, before, row = gates[i], last[i], h[i]
        for j in range(hidden):
            k = row[j]
            gate[j + 2 * hidden] = k
            row[j] = k + gate[j + hidden] * (before[j] - k)


def gru_backward(g_h, g_gates, h, gates, u, h0):
    arrays = g_h, g_gates, h, gates, h0
    if any(x.dtype != u.dtype for x in arrays):
        return recurrent.gru_backward.numpy(g_h, g_gates, h, gates, u, h0)
    g_h, g_gates, h, gates, h0 = map(contiguous, arrays)
    across = np.ascontiguousarray(u.T)
    slopes, inner = (empty((*h.shape[:2], u.shape[1]), h.dtype) for _ in range(2))
    back, kept = np.zeros_like(h0), np.zeros_like(h0)
    for t in range(len(h) - 1, -1, -1):
        before = h[t - 1] if t else h0
        _gru_step_back(g_h[t], g_gates[t], before, gates[t], back, kept, slopes[t], inner[t])
        np.dot(inner[t], across, out=back)
        back += kept
    return slopes, inner, back


@loop
def _gru_step_back(g_h, g_gates, before, gates, back, kept, slopes, inner):
    one = gates.dtype.type(1)
    n, hidden = back.shape
    for i in range(n):
        gate, extra, row, saved = gates[i], g_gates[i], inner[i], slopes[i]
        for j in range(hidden):
            r, z, k, m = gate[j], gate[j + hidden], gate[j + 2 * hidden], gate[j + 3 * hidden]
            slope = g_h[i, j] + back[i, j]
            d_k = (slope * (one - z) + extra[j + 2 * hidden]) * (one - k * k)
            row[j] = (d_k * m + extra[j]) * (r * (one - r))
            row[j + hidden] = (slope * (before[i, j] - k) + extra[j + hidden]) * (z * (one - z))
            row[j + 2 * hidden] = d_k * r + extra[j + 3 * hidden]
            saved[j + 2 * hidden] = d_k
            kept[i, j] = slope * z
        for j in range(2 * hidden):
            saved[j] = row[j]
