"""The k nearest of many rows, found by looking at all of them.

Neighbours are ordered by (distance, index). A distance is always measured by direct differences,
which are added up feature after feature in float64: the NumPy version, its compiled twin and the
k-d tree come to the same bits, so that ties are ties everywhere.
"""

import numpy as np

from .dispatch import Kernel

METRICS = ("sqeuclidean", "euclidean", "manhattan", "chebyshev", "hamming", "minkowski")
SQUARES = METRICS[:2]
FEW = 4  # features: direct differences are then faster than a product that preselects
_BLOCK = 1 << 20  # distances that are looked at together
_SINGLE = 2.0**-24  # the largest relative error of rounding to float32


@Kernel
def nearest_rows(queries, rows, *, k, metric, p=2.0, jobs=None):
    """(distances, indices), both (m, k), of the k rows (n, d) nearest to each of m queries (m, d).

    `metric` is one of METRICS: sqeuclidean sum |x - y|^2, euclidean its root, manhattan
    sum |x - y|, chebyshev max |x - y|, hamming the number of features that differ, minkowski
    (sum |x - y|^p)^(1/p). `jobs` limits the threads of the compiled twin.
    """
    distances, indices = np.empty((len(queries), k)), np.empty((len(queries), k), np.intp)
    preselects = metric in SQUARES and rows.shape[1] > FEW
    if preselects:
        left, right, own, factor = screen(queries, rows)
    x, y = np.ascontiguousarray(queries.T), np.ascontiguousarray(rows.T)
    step = max(1, _BLOCK // len(rows))
    for start in range(0, len(queries), step):
        some = slice(start, start + step)
        if preselects:
            bounds = left[some] @ right.T
            i, j = _least(bounds, k)
            far = first_of_each(i, j, _between(x[:, some], y, i, j, metric, p), k)[0][:, -1:]
            limits = limit(far, metric) * factor - own[some, None]
            i, j = np.nonzero(bounds <= _rounded_up(limits))
            found = _between(x[:, some], y, i, j, metric, p)
        else:
            block = x[:, some, None]
            every = measure(lambda f: np.abs(block[f] - y[f]), len(y), metric, p)  # noqa: B023
            i, j = _least(every, k)
            found = every[i, j]
        distances[some], indices[some] = first_of_each(i, j, found, k)
    return distances, indices


def measure(difference, n_features, metric, p):
    """The distances that are made of `difference(j)`, the absolute differences in feature j."""
    total = np.zeros_like(difference(0))
    if metric == "minkowski":  # relative to the largest, so that no power overflows or vanishes
        largest = measure(difference, n_features, "chebyshev", p)
        unit = np.where(largest > 0, largest, 1)
        for j in range(n_features):
            total += (difference(j) / unit) ** p
        return largest * total ** (1 / p)
    for j in range(n_features):
        apart = difference(j)
        if metric == "chebyshev":
            np.maximum(total, apart, out=total)
        elif metric == "hamming":
            total += apart > 0
        else:
            total += apart if metric == "manhattan" else apart * apart
    return np.sqrt(total) if metric == "euclidean" else total


def first_of_each(i, j, distances, k):
    """The first k by (distance, j) of every i = 0, 1, ..., each of which has k pairs or more."""
    order = np.lexsort((j, distances, i))
    counts = np.bincount(i)
    places = order[(np.cumsum(counts) - counts)[:, None] + np.arange(k)]
    return distances[places], j[places]


def screen(queries, rows):
    """(left, right, own, factor): left @ right.T + own <= factor |x - y|^2, for x, y of the rows.

    The product is taken in float32, of rows shifted to their mean and scaled into [-1, 1], and made
    smaller by all that rounding may have added: d products and their sum are off by at most
    (d + 1) u (|x|^2 + 2 |y|^2), u = 2^-24, the rounded factors by 4 u (|x|^2 + |y|^2), and the
    shift by a rounding error of float64 of the largest number.
    """
    d = rows.shape[1]
    centre = rows.mean(axis=0)
    x, y = queries - centre, rows - centre
    reach = max(np.abs(x).max(initial=0), np.abs(y).max(initial=0))
    scale = 2.0 ** -np.frexp(reach)[1] if reach else 1.0
    offset = np.finfo(float).eps * scale * (reach + np.abs(centre).max())
    relative = 1.1 * (2 * d + 14) * _SINGLE
    absolute = 8 * d * (offset + float(np.finfo(np.float32).tiny))
    left, right = np.ones((len(x), d + 1), np.float32), np.empty((len(y), d + 1), np.float32)
    x, y = np.multiply(x, scale, out=x), np.multiply(y, scale, out=y)
    left[:, :d], right[:, :d] = x, -2 * y
    right[:, d] = np.einsum("ij,ij->i", y, y) * (1 - relative)
    own = np.einsum("ij,ij->i", x, x) * (1 - relative) - absolute
    return left, right, own, scale * scale


def limit(distances, metric):
    """Squared distances that no row as near as `distances` exceeds."""
    return (distances * distances if metric == "euclidean" else distances) * (1 + 1e-15)


def _rounded_up(values):
    return np.nextafter(values.astype(np.float32), np.float32(np.inf))


def _least(values, k):
    """(i, j) of the k least values of every row, and of those equal to the k-th."""
    return np.nonzero(values <= np.partition(values, k - 1, axis=1)[:, k - 1, None])


def _between(x, y, i, j, metric, p):
    """Distances between the columns x[:, i] and y[:, j], some at a time."""
    found = np.empty(len(i))
    step = max(1, _BLOCK // len(x))
    for start in range(0, len(i), step):
        some = slice(start, start + step)
        apart = np.abs(x[:, i[some]] - y[:, j[some]])
        found[some] = measure(apart.__getitem__, len(x), metric, p)
    return found
