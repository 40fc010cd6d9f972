"""The compiled twins of `forest`: all rows go through one tree, then through the next.

So a tree stays in the cache. A node's numbers are put together first: a walk through a large tree
waits for memory at every node.
"""

import numpy as np

from .compiler import contiguous, loop
from .threads import share, slices


def find_all_leaves(X, feature, threshold, left, right, missing_left, roots):
    out = np.empty((len(roots) - 1, len(X)), np.int32)
    X, roots = contiguous(X), contiguous(roots)
    steps, bounds = _packed(feature, threshold, left, right, missing_left, roots)

    def some(rows):
        _find(X, steps, bounds, roots, rows.start, rows.stop, out)

    share(some, _parts(len(X)))
    return out


def add_leaves(
    X, feature, threshold, left, right, missing_left, roots, start, column, value, *, columns
):
    out = np.zeros((len(X), columns))
    X, roots = contiguous(X), contiguous(roots)
    steps, bounds = _packed(feature, threshold, left, right, missing_left, roots)
    lists = [contiguous(each) for each in (start, column, value)]

    def some(rows):
        _add(X, steps, bounds, roots, *lists, rows.start, rows.stop, out)

    share(some, _parts(len(X)))
    return out


def _parts(rows):
    return slices(rows, rows, 1 << 13)  # long ones: each part brings every tree into its cache


def _packed(feature, threshold, left, right, missing_left, roots):
    """Of each node (feature, left, right, where missing values go), and its threshold."""
    steps, bounds = np.empty((len(feature), 4), np.int32), np.empty(len(feature))
    _pack(*map(contiguous, (feature, threshold, left, right, missing_left, roots)), steps, bounds)
    return contiguous(steps), contiguous(bounds)


@loop
def _pack(feature, threshold, left, right, missing_left, roots, steps, bounds):
    for t in range(len(roots) - 1):
        root = roots[t]
        for node in range(root, roots[t + 1]):
            steps[node, 0], bounds[node] = feature[node], threshold[node]
            steps[node, 1], steps[node, 2] = root + left[node], root + right[node]
            steps[node, 3] = steps[node, 1] if missing_left[node] else steps[node, 2]


@loop
def _walk(X, i, root, steps, bounds):
    node = root
    f = steps[node, 0]
    while f >= 0:
        x = X[i, f]
        if x <= bounds[node]:
            node = steps[node, 1]
        elif x != x:
            node = steps[node, 3]
        else:
            node = steps[node, 2]
        f = steps[node, 0]
    return node


@loop
def _find(X, steps, bounds, roots, first, last, out):
    for t in range(len(roots) - 1):
        root = np.int32(roots[t])
        for i in range(first, last):
            out[t, i] = _walk(X, i, root, steps, bounds) - root


@loop
def _add(X, steps, bounds, roots, start, column, value, first, last, out):
    for t in range(len(roots) - 1):
        root = np.int32(roots[t])
        for i in range(first, last):
            node = _walk(X, i, root, steps, bounds)
            for k in range(start[node], start[node + 1]):
                out[i, column[k]] += value[k]
