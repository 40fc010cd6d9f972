"""The compiled twins of `rows`."""

import numpy as np

from . import rows as plain
from .compiler import contiguous, loop, reordering_loop
from .memory import empty

_BLOCK = 64  # rows whose sums are taken apart, so that long columns lose no digits in float32


def normalise_rows(x, gamma, beta=None, *, eps, centred):
    if not x.dtype == gamma.dtype == (gamma if beta is None else beta).dtype:
        return plain.normalise_rows.numpy(x, gamma, beta, eps=eps, centred=centred)
    out = empty(x.shape, x.dtype)
    beta = np.zeros_like(gamma) if beta is None else beta
    _normalise(*map(contiguous, (x, gamma, beta)), out, *_numbers(x, eps), centred)
    return out


def _numbers(x, eps):
    """eps and 1/n as numbers of this dtype: Python's would turn float32 into float64."""
    return x.dtype.type(eps), x.dtype.type(1 / max(1, x.shape[1]))


@reordering_loop
def _normalise(x, gamma, beta, out, eps, share, centred):
    rows, n = x.shape
    zero, one = x.dtype.type(0), x.dtype.type(1)
    for i in range(rows):
        row, result = x[i], out[i]
        mean = zero
        if centred:
            for j in range(n):
                mean += row[j]
            mean *= share
        square = zero
        for j in range(n):
            square += (row[j] - mean) * (row[j] - mean)
        scale = one / np.sqrt(square * share + eps)
        for j in range(n):
            result[j] = (row[j] - mean) * scale * gamma[j] + beta[j]


def normalise_rows_backward(g, x, gamma, *, eps, centred):
    if not g.dtype == x.dtype == gamma.dtype:
        return plain.normalise_rows_backward.numpy(g, x, gamma, eps=eps, centred=centred)
    out = empty(x.shape, x.dtype)
    sums = np.zeros((4, x.shape[1]), x.dtype)
    arrays = map(contiguous, (g, x, gamma))
    _normalise_backward(*arrays, out, sums, *_numbers(x, eps), centred, _BLOCK)
    return out, sums[0], sums[1]


@reordering_loop
def _normalise_backward(g, x, gamma, out, sums, eps, share, centred, block):
    rows, n = x.shape
    zero, one = x.dtype.type(0), x.dtype.type(1)
    for i in range(rows):
        row, slope, result = x[i], g[i], out[i]
        mean = zero
        if centred:
            for j in range(n):
                mean += row[j]
            mean *= share
        square = zero
        for j in range(n):
            square += (row[j] - mean) * (row[j] - mean)
        scale = one / np.sqrt(square * share + eps)
        along, total = zero, zero
        for j in range(n):
            along += slope[j] * gamma[j] * ((row[j] - mean) * scale)
            total += slope[j] * gamma[j]
        along *= share
        total = total * share if centred else zero
        for j in range(n):
            unit = (row[j] - mean) * scale
            result[j] = (slope[j] * gamma[j] - unit * along - total) * scale
            sums[2, j] += slope[j] * unit
            sums[3, j] += slope[j]
        if (i + 1) % block == 0 or i == rows - 1:
            for j in range(n):
                sums[0, j] += sums[2, j]
                sums[1, j] += sums[3, j]
                sums[2, j] = zero
                sums[3, j] = zero


def masked_softmax(x, mask=None, *, causal):
    out = empty(x.shape, x.dtype)
    if mask is not None:
        if np.result_type(x, mask) != x.dtype:
            return plain.masked_softmax.numpy(x, mask, causal=causal)
        x = np.add(x, mask, out=out)
    rows, columns = x.shape[-2:]
    shape = (x.size // (rows * columns) if x.size else 0, rows, columns)
    result = out.reshape(shape)
    _below_top(contiguous(x).reshape(shape), result, causal)
    np.exp(result, out=result)
    _divide_by_sums(result, causal)
    return out


@reordering_loop
def _below_top(x, out, causal):
    """Each row less its largest value, which is taken as 0 where it is not finite."""
    m, rows, columns = x.shape
    for k in range(m):
        for i in range(rows):
            row, result = x[k, i], out[k, i]
            seen = min(i + 1, columns) if causal else columns
            top = row.dtype.type(-np.inf)
            for j in range(seen):
                top = row[j] if row[j] > top else top
            if not np.isfinite(top):
                top = row.dtype.type(0)
            for j in range(seen):
                result[j] = row[j] - top
            for j in range(seen, columns):
                result[j] = -np.inf


@reordering_loop
def _divide_by_sums(out, causal):
    m, rows, columns = out.shape
    for k in range(m):
        for i in range(rows):
            row = out[k, i]
            seen = min(i + 1, columns) if causal else columns
            total = row.dtype.type(0)
            for j in range(seen):
                total += row[j]
            if total != 0:
                total = row.dtype.type(1) / total
                for j in range(seen):
                    row[j] *= total


def softmax_backward(g, out):
    result = empty(out.shape, out.dtype)
    matrix = (-1, out.shape[-1])
    if out.size:
        arrays = contiguous(g).reshape(matrix), contiguous(out).reshape(matrix)
        _softmax_backward(*arrays, result.reshape(matrix))
    return result


@reordering_loop
def _softmax_backward(g, out, result):
    rows, columns = out.shape
    for i in range(rows):
        slope, row, target = g[i], out[i], result[i]
        along = out.dtype.type(0)
        for j in range(columns):
            along += slope[j] * row[j]
        for j in range(columns):
            target[j] = row[j] * (slope[j] - along)


def add_rows(g, rows, *, count):
    out = np.zeros((count, g.shape[1]), g.dtype)
    _add_rows(contiguous(g), contiguous(rows), out)
    return out


@loop
def _add_rows(g, rows, out):
    for i in range(rows.size):
        source, target = g[i], out[rows[i]]
        for j in range(source.size):
            target[j] += source[j]
