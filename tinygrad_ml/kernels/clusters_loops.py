"""Compiled twins of the loops of clustering (`kernels.clusters`)."""

import numpy as np

from .clusters import ROWS, preselection, rows_per_block
from .compiler import contiguous, fused_loop, loop, reordering_loop
from .threads import add_up, share, slices

_TILE = 16  # rows that are turned into columns together: a cache line of each column
_WORK = 16  # multiplications of a matrix product in the time of one element of other work


def columns_of(X, shift, scale, dtype=np.float32):
    X, shift = contiguous(X), contiguous(np.asarray(shift, np.float64))
    columns = np.empty((X.shape[1], len(X)), dtype)
    share(
        lambda part: _turn(X, shift, float(scale), part.start, part.stop, columns),
        slices(-(-len(X) // _TILE), X.size),
    )
    return columns


@loop
def _turn(X, shift, scale, first, last, columns):
    n, d = X.shape
    for tile in range(first, last):
        start, stop = np.uint64(tile * _TILE), np.uint64(min(n, tile * _TILE + _TILE))
        for f in range(np.uint64(d)):
            for i in range(start, stop):
                columns[f, i] = (X[i, f] - shift[f]) * scale


def nearest_centres(columns, X, centres, *, shift, scale):
    near, half, lengths, bound = preselection(columns, centres, shift, scale)
    X, centres = contiguous(X), contiguous(np.asarray(centres, np.float64))
    columns = contiguous(columns)
    (n, d), k = X.shape, len(centres)
    labels = np.empty(n, np.int32)
    step = rows_per_block(k)
    parts = slices(-(-n // step), n * k * (d + _WORK) // _WORK)
    measured = np.zeros(len(parts), np.int64)

    def some(i):
        products = np.empty((k, step), columns.dtype)
        for block in range(parts[i].start, parts[i].stop):
            start, stop = block * step, min(n, block * step + step)
            here = products if stop - start == step else np.empty((k, stop - start), near.dtype)
            np.matmul(near, columns[:, start:stop], out=here)
            measured[i] += _choose(
                here, columns, X, centres, half, lengths, bound, scale, start, labels
            )

    share(some, range(len(parts)))
    return labels, int(measured.sum())


@fused_loop
def _choose(products, columns, X, centres, half, lengths, bound, scale, start, labels):
    """The nearest centre of each sample of a block, by bounds, and by differences where unclear."""
    k, n = products.shape
    d = np.uint64(columns.shape[0])
    kind = half.dtype.type
    sizes = np.zeros(n, half.dtype)
    best, second = np.full(n, np.inf, half.dtype), np.full(n, np.inf, half.dtype)
    label = np.zeros(n, np.int32)
    first = np.uint64(start)
    for f in range(d):
        for i in range(np.uint64(n)):
            sizes[i] += columns[f, first + i] * columns[f, first + i]
    for i in range(n):
        sizes[i] = np.sqrt(sizes[i])
    for j in range(k):
        this, at, length = np.int32(j), half[j], lengths[j]
        for i in range(np.uint64(n)):
            size = sizes[i] + length
            low = at - products[j, i] - bound * size * size
            record = best[i]
            nearer = low < record
            rest = low if low < second[i] else second[i]
            second[i] = record if nearer else rest
            best[i] = low if nearer else record
            label[i] = this if nearer else label[i]
    measured = 0
    for i in range(n):
        size = sizes[i] + lengths[label[i]]
        high = best[i] + kind(2) * bound * size * size
        if second[i] <= high:
            measured += 1
            least = np.inf
            for j in range(k):
                size = sizes[i] + lengths[j]
                if half[j] - products[j, i] - bound * size * size <= high:
                    squared = 0.0
                    for f in range(d):
                        difference = (X[start + i, f] - centres[j, f]) * scale
                        squared += difference * difference
                    if squared < least:
                        least = squared
                        label[i] = j
        labels[start + i] = label[i]
    return measured


def squared_distances_to(columns, points):
    columns, points = contiguous(columns), contiguous(points)
    n = columns.shape[1]
    out = np.empty((len(points), n), columns.dtype)
    blocks = slices(-(-n // ROWS), n * len(points) * len(columns) // 4)
    share(lambda part: _distances(columns, points, part.start, part.stop, out), blocks)
    return out


@fused_loop
def _distances(columns, points, first, last, out):
    d, n = columns.shape
    for block in range(first, last):
        start, stop = np.uint64(block * ROWS), np.uint64(min(n, block * ROWS + ROWS))
        for j in range(points.shape[0]):
            for i in range(start, stop):
                out[j, i] = 0
            for f in range(d):
                value = points[j, f]
                for i in range(start, stop):
                    difference = columns[f, i] - value
                    out[j, i] += difference * difference


def cluster_sums(X, weights, labels, *, shift, n_clusters):
    X, weights, labels = contiguous(X), contiguous(weights), contiguous(labels)
    shift = contiguous(shift)

    def add(parts):
        sums = np.zeros((n_clusters, X.shape[1] + 1))
        for part in parts:
            _add(X, weights, labels, shift, part.start, part.stop, sums)
        return sums

    return add_up(add, slices(len(X), X.size))


@loop
def _add(X, weights, labels, shift, start, stop, sums):
    d = np.uint64(X.shape[1])
    for i in range(start, stop):
        weight, label = weights[i], labels[i]
        for f in range(d):
            sums[label, f] += weight * (X[i, f] - shift[f])
        sums[label, d] += weight


def squared_errors(X, centres, labels):
    X, labels = contiguous(X), contiguous(labels)
    centres = contiguous(np.asarray(centres, np.float64))
    out = np.empty(len(X))
    share(
        lambda part: _errors(X, centres, labels, part.start, part.stop, out),
        slices(len(X), X.size),
    )
    return out


@reordering_loop
def _errors(X, centres, labels, start, stop, out):
    d = np.uint64(X.shape[1])
    for i in range(np.uint64(start), np.uint64(stop)):
        label, total = np.uint64(labels[i]), 0.0
        for f in range(d):
            difference = X[i, f] - centres[label, f]
            total += difference * difference
        out[i] = total
