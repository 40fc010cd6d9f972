"""The compiled twins of `normalisation`."""

import numpy as np

from . import normalisation
from .compiler import contiguous, loop
from .memory import empty


def moments(x):
    out = np.empty((2, len(x), x.shape[2]))
    _moments(contiguous(x), *out, _rows_at_once(x))
    return out[0], out[1]


def _rows_at_once(x):
    """A block that the first cache holds, so that it is read from memory once."""
    return min(max(16, (1 << 14) // max(1, x.shape[2] * x.itemsize)), 1024)


@loop
def _moments(x, mean, variance, block):
    """Each block about its own mean, then merged (Chan, Golub & LeVeque, 1983)."""
    b, r, c = x.shape
    near, first, second = np.empty(c, x.dtype), np.empty(c, x.dtype), np.empty(c, x.dtype)
    for i in range(b):
        average, squares = mean[i], variance[i]
        average[:] = 0
        squares[:] = 0
        for start in range(0, r, block):
            n = min(block, r - start)
            rows = x[i, start : start + n]
            _near_mean(rows, near)
            _add_deviations(rows, near, first, second)
            for j in range(c):
                rest = first[j] / np.float64(n)
                delta = near[j] + rest - average[j]
                squares[j] += (
                    second[j] - rest * first[j] + delta * delta * (start * n / (start + n))
                )
                average[j] += delta * n / (start + n)
        for j in range(c):
            squares[j] /= r


@loop
def _near_mean(rows, mean):
    """The mean up to rounding, four rows at a time: it is read and written a quarter as often."""
    n, c = rows.shape
    fours = n - n % 4
    mean[:] = 0
    for k in range(0, fours, 4):
        p, q, s, t = rows[k], rows[k + 1], rows[k + 2], rows[k + 3]
        for j in range(c):
            mean[j] += (p[j] + q[j]) + (s[j] + t[j])
    for k in range(fours, n):
        p = rows[k]
        for j in range(c):
            mean[j] += p[j]
    for j in range(c):
        mean[j] /= n


@loop
def _add_deviations(rows, centre, first, second):
    n, c = rows.shape
    fours = n - n % 4
    first[:] = 0
    second[:] = 0
    for k in range(0, fours, 4):
        p, q, s, t = rows[k], rows[k + 1], rows[k + 2], rows[k + 3]
        for j in range(c):
            m = centre[j]
            dp, dq, ds, dt = p[j] - m, q[j] - m, s[j] - m, t[j] - m
            first[j] += (dp + dq) + (ds + dt)
            second[j] += (dp * dp + dq * dq) + (ds * ds + dt * dt)
    for k in range(fours, n):
        p = rows[k]
        for j in range(c):
            d = p[j] - centre[j]
            first[j] += d
            second[j] += d * d


def moment_sums(g, x, centre):
    if not g.dtype == x.dtype == centre.dtype:
        return normalisation.moment_sums.numpy(g, x, centre)
    totals = np.zeros((2, len(x), x.shape[2]))
    _moment_sums(contiguous(g), contiguous(x), contiguous(centre), *totals, _rows_at_once(x))
    plain, weighted = totals.astype(x.dtype)
    return plain, weighted


@loop
def _moment_sums(g, x, centre, plain, weighted, block):
    b, r, c = x.shape
    first, second = np.empty(c, x.dtype), np.empty(c, x.dtype)
    for i in range(b):
        middle = centre[i]
        for start in range(0, r, block):
            n = min(block, r - start)
            rows, weights = x[i, start : start + n], g[i, start : start + n]
            fours = n - n % 4
            first[:] = 0
            second[:] = 0
            for k in range(0, fours, 4):  # as in _near_mean
                p, q, s, t = rows[k], rows[k + 1], rows[k + 2], rows[k + 3]
                gp, gq, gs, gt = weights[k], weights[k + 1], weights[k + 2], weights[k + 3]
                for j in range(c):
                    m = middle[j]
                    first[j] += (gp[j] + gq[j]) + (gs[j] + gt[j])
                    left = gp[j] * (p[j] - m) + gq[j] * (q[j] - m)
                    second[j] += left + (gs[j] * (s[j] - m) + gt[j] * (t[j] - m))
            for k in range(fours, n):
                p, gp = rows[k], weights[k]
                for j in range(c):
                    first[j] += gp[j]
                    second[j] += gp[j] * (p[j] - middle[j])
            for j in range(c):
                plain[i, j] += first[j]
                weighted[i, j] += second[j]


def centred_scale(x, *vectors):
    if any(v.dtype != x.dtype for v in vectors):
        return normalisation.centred_scale.numpy(x, *vectors)
    out = empty(x.shape, x.dtype)
    _centred_scale(contiguous(x), *map(contiguous, vectors), out)
    return out


@loop
def _centred_scale(x, centre, scale, shift, out):
    b, r, c = x.shape
    for i in range(b):
        m, s, t = centre[i], scale[i], shift[i]
        for k in range(r):
            source, target = x[i, k], out[i, k]
            for j in range(c):
                target[j] = (source[j] - m[j]) * s[j] + t[j]


def centred_sum(g, x, *vectors):
    if any(v.dtype != x.dtype for v in (g, *vectors)):
        return normalisation.centred_sum.numpy(g, x, *vectors)
    out = empty(x.shape, x.dtype)
    _centred_sum(contiguous(g), contiguous(x), *map(contiguous, vectors), out)
    return out


@loop
def _centred_sum(g, x, centre, weight, slope, level, out):
    b, r, c = x.shape
    for i in range(b):
        m, w, s, t = centre[i], weight[i], slope[i], level[i]
        for k in range(r):
            other, source, target = g[i, k], x[i, k], out[i, k]
            for j in range(c):
                target[j] = w[j] * other[j] + (s[j] * (source[j] - m[j]) + t[j])
